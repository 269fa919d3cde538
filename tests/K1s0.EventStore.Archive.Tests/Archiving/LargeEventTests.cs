using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>An event that is larger than a frame usually is goes the whole way, with no option raised for it.</summary>
public sealed class LargeEventTests
{
    private const int PayloadBytes = 20 * 1024 * 1024;

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "L09")]
    public async Task An_event_of_twenty_megabytes_is_archived_compacted_read_and_verified()
    {
        var objects = new SimulatedObjectStore(_time);
        var archive = new SimulatedArchive(_time);
        for (var number = 0; number < 6; number++)
        {
            var payload = number == 2
                ? string.Create(PayloadBytes, 'a', static (text, letter) =>
                {
                    text.Fill(letter);
                    (text[0], text[^1]) = ('"', '"');
                })
                : "{}";
            await AppendAsync(archive, payload, number);
        }

        var events = archive.Rows.ToList();
        using var archiver = new Archiver(
            new ArchiverParts(archive, archive, archive, objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, MaxEventsPerBatch = 2 },
            _time);
        var report = await archiver.ArchiveAsync(cancellationToken: Cancellation);
        (report.Batches, report.PrunedMonths.Count, report.Obstacle).Should().Be((3, 1, null));
        _time.Advance(TimeSpan.FromHours(1));

        var life = await new ArchiveLifecycle(
            objects,
            new CatalogListings(new ArchiverParts(archive, archive, archive, objects), timeProvider: _time),
            new LifecyclePolicy(
                new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromDays(1), StorageClass.InfrequentAccess)),
            timeProvider: _time).RunAsync(cancellationToken: Cancellation);

        (life.CompactedFrom, life.CompactedInto).Should().Be((3, 1));
        using var archived = new ArchivedEvents(objects);
        var batches = archive.FindArchived(default);
        (await archived.ReadAsync(batches, default, null, 100, Cancellation)).Events.Should().Equal(events);
        (await archived.ReadStreamAsync(batches[0], new StreamId("order", "0"), 1, long.MaxValue, Cancellation))
            .Should().Equal(events.Where(envelope => envelope.StreamId == new StreamId("order", "0")));
        var verified = await new ArchiveVerifier(objects).VerifyAsync(Cancellation);
        (verified.IsWhole, verified.Events).Should().Be((true, 6));
        var rebuilt = new InMemoryEventStore(new EventStoreOptions { MaxPayloadBytes = PayloadBytes }, _time);
        (await new ArchiveRebuild(objects, new InMemoryEventImporter(rebuilt)).RunAsync(Cancellation)).Events
            .Should().Be(6);
    }

    private static async Task AppendAsync(SimulatedArchive archive, string payload, int number)
    {
        var stream = new StreamId("order", $"{number % 2}");
        await archive.AppendAsync(
            stream,
            [EventEnvelope.Create(stream, "placed", Encoding.UTF8.GetBytes(payload), new EventMetadata())],
            new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero));
    }
}
