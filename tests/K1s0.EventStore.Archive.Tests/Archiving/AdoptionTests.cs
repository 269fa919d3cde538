using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>A rebuilt store takes its bucket's batches into its books and goes on archiving.</summary>
[Trait("Row", "I19")]
public sealed class AdoptionTests
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Whatever_fails_at_whichever_call_the_books_end_with_what_the_bucket_lists()
    {
        var failures = 0;
        foreach (var fault in new[] { ObjectFault.CrashBefore, ObjectFault.CrashAfter, ObjectFault.LostAnswer })
        {
            for (var failAt = 1; ; failAt++)
            {
                var left = int.MaxValue;
                var objects = new SimulatedObjectStore(_time, _ => --left == 0 ? fault : ObjectFault.None);
                var (archive, events) = await LoseAsync(objects, () => --left == 0);
                left = failAt;
                var failure = await Record.ExceptionAsync(() => AdoptAsync(archive, objects));
                var isOver = left > 0;
                left = int.MaxValue;
                failures += failure is null ? 0 : 1;
                _time.Advance(TimeSpan.FromMinutes(5));

                (await AdoptAsync(archive, objects))!.Manifest.Should().Be(1);

                await CheckAsync(archive, objects, events);
                if (isOver)
                {
                    break;
                }
            }
        }

        failures.Should().BeGreaterThan(30);
    }

    [Fact]
    public async Task Books_without_batches_beside_a_bucket_that_has_some_are_refused_before_anything_is_stored()
    {
        var objects = new SimulatedObjectStore(_time);
        var (archive, _) = await LoseAsync(objects, static () => false);
        using var archiver = ArchiverOf(archive, objects);
        var before = await objects.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation);

        (await FluentActions.Awaiting(() => archiver.ArchiveAsync(cancellationToken: Cancellation))
            .Should().ThrowAsync<ManifestConflictException>()).Which.Number.Should().Be(1);

        archive.Batches.Should().BeEmpty();
        (await objects.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation)).Should().Equal(before);
        (await archiver.AdoptAsync(cancellationToken: Cancellation)).Should().Be(new ArchiveAdoptionReport(1, 3, 30));
        (await archiver.AdoptAsync(cancellationToken: Cancellation)).Should().Be(new ArchiveAdoptionReport(1, 0, 0));
    }

    [Fact]
    public async Task The_bucket_of_another_store_and_a_damaged_one_are_not_adopted()
    {
        var objects = new SimulatedObjectStore(_time);
        var (archive, events) = await LoseAsync(objects, static () => false);
        var stranger = new SimulatedArchive(_time);
        await AppendAsync(stranger, 30);
        (await FluentActions.Awaiting(() => AdoptAsync(stranger, objects))
            .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain("store");
        stranger.Batches.Should().BeEmpty();
        var key = (await objects.ListAsync("events/", cancellationToken: Cancellation).ToListAsync(Cancellation))[1].Key;
        objects.Damage(key, content => [.. content.SkipLast(1), 0]);

        (await FluentActions.Awaiting(() => AdoptAsync(archive, objects))
            .Should().ThrowAsync<ManifestConflictException>()).Which.Detail.Should().Contain(key.Value)
            .And.Contain("LostTimeline.Remove");

        var rebuilt = await RebuiltAsync(await archive.GetIdentityAsync(Cancellation), events, static () => false);
        rebuilt.Tamper(events[3].Position, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        (await FluentActions.Awaiting(() => AdoptAsync(rebuilt, objects))
            .Should().ThrowAsync<ArchiveRefusedException>()).Which.Reason.Should().Be(ArchiveRefusal.Changed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task What_is_damaged_is_stored_anew_of_the_rows_when_somebody_gives_it_up(int number)
    {
        var objects = new SimulatedObjectStore(_time);
        var (archive, events) = await LoseAsync(objects, static () => false);
        var key = (await objects.ListAsync("events/", cancellationToken: Cancellation).ToListAsync(Cancellation))[number].Key;
        objects.Damage(key, content => [.. content.SkipLast(1), 0]);
        using var archiver = ArchiverOf(archive, objects);

        (await archiver.AdoptAsync(LostTimeline.Remove, cancellationToken: Cancellation))
            .Should().Be(new ArchiveAdoptionReport(2, number, 12 * number) { Removed = 3 - number });

        (await archiver.ArchiveAsync(cancellationToken: Cancellation)).Batches.Should().Be(3 - number);
        archive.Rows.Should().BeEmpty();
        using var archived = new ArchivedEvents(objects);
        (await archived.ReadAsync(archive.FindArchived(default), default, null, 100, Cancellation)).Events
            .Should().Equal(events);
        (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!.Batches
            .Select(batch => batch.Key.Value).Should().Equal(archive.Batches.Select(batch => batch.Stored!.Key))
            .And.NotContain(key.Value);
    }

    // Thirty events in three batches; the store that had them is gone, and another one has them now.
    private async Task<(SimulatedArchive Rebuilt, IReadOnlyList<EventEnvelope> Events)> LoseAsync(
        SimulatedObjectStore objects, Func<bool> isCut)
    {
        var lost = new SimulatedArchive(_time);
        var events = await AppendAsync(lost, 30);
        using var archiver = ArchiverOf(lost, objects);
        (await archiver.ArchiveAsync(cancellationToken: Cancellation)).Batches.Should().Be(3);
        var rebuilt = await RebuiltAsync(await lost.GetIdentityAsync(Cancellation), events, isCut);
        return (rebuilt, events);
    }

    private async Task<SimulatedArchive> RebuiltAsync(
        StoreIdentity store, IReadOnlyList<EventEnvelope> events, Func<bool> isCut)
    {
        var rebuilt = new SimulatedArchive(
            _time, call => isCut() ? throw new SimulatedCrashException($"before {call}") : Task.CompletedTask);
        await rebuilt.RebuildAsync(store, events);
        return rebuilt;
    }

    private static async Task<IReadOnlyList<EventEnvelope>> AppendAsync(SimulatedArchive archive, int count)
    {
        var events = new List<EventEnvelope>();
        for (var number = 0; number < count; number++)
        {
            var stream = new StreamId("order", number % 2 == 0 ? "a" : "b");
            events.AddRange(await archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", Encoding.UTF8.GetBytes($"{{\"n\":{number}}}"), new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero)));
        }

        return events;
    }

    private Archiver ArchiverOf(SimulatedArchive archive, IObjectStore objects) => new(
        new ArchiverParts(archive, archive, archive, objects),
        new ArchivingOptions
        {
            OlderThan = TimeSpan.Zero,
            MaxEventsPerBatch = 12,
            LeaseDuration = TimeSpan.FromMinutes(5),
        },
        _time);

    private async Task<ArchiveAdoptionReport?> AdoptAsync(SimulatedArchive archive, IObjectStore objects)
    {
        using var archiver = ArchiverOf(archive, objects);
        return await archiver.AdoptAsync(cancellationToken: Cancellation);
    }

    private async Task CheckAsync(
        SimulatedArchive archive, SimulatedObjectStore objects, IReadOnlyList<EventEnvelope> events)
    {
        archive.Batches.Should().OnlyContain(batch => batch.State == ArchiveState.Listed);
        using var archiver = ArchiverOf(archive, objects);
        var report = await archiver.ArchiveAsync(cancellationToken: Cancellation);
        (report.Batches, report.PrunedMonths.Count, archive.Rows.Count).Should().Be((0, 1, 0));
        using var archived = new ArchivedEvents(objects);
        (await archived.ReadAsync(archive.FindArchived(default), default, null, 100, Cancellation)).Events
            .Should().Equal(events);
        var listing = (await new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))!;
        listing.Batches.Select(batch => batch.Key.Value).Should().Equal(
            archive.Batches.Select(batch => batch.Stored!.Key));
    }
}
