using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>One byte is changed anywhere in the bucket: it is found and named, and what it belongs to is not served.</summary>
[Trait("Invariant", "I29")]
[Trait("Invariant", "I33")]
public sealed class DamagedArchiveTests : IAsyncLifetime
{
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero));
    private readonly List<EventEnvelope> _all = [];
    private readonly SimulatedObjectStore _objects;
    private readonly SimulatedArchive _archive;

    public DamagedArchiveTests() => (_objects, _archive) = (new SimulatedObjectStore(_time), new SimulatedArchive(_time));

    public async ValueTask InitializeAsync()
    {
        for (var number = 0; number < 30; number++)
        {
            var stream = new StreamId("order", number % 2 == 0 ? "a" : "b");
            _all.AddRange(await _archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", Encoding.UTF8.GetBytes($"{{\"n\":{number}}}"), new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, number, 0, TimeSpan.Zero)));
        }

        using var archiver = new Archiver(
            new ArchiverParts(_archive, _archive, _archive, _objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, MaxEventsPerBatch = 12 },
            _time);
        (await archiver.ArchiveAsync()).PrunedMonths.Should().ContainSingle();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_byte_of_every_batch_is_checked_before_anything_of_it_is_served()
    {
        var found = 0;
        foreach (var batch in _archive.FindArchived(default))
        {
            var key = new ObjectKey(batch.Stored.Key);
            for (var at = 0; at < batch.Stored.StoredBytes; at++)
            {
                _objects.Damage(key, content => Flip(content, at));
                found += await ReadAsync(key.Value) ? 1 : 0;
                (await FluentActions.Awaiting(() => _objects.GetAsync(key)).Should().ThrowAsync<ObjectDamagedException>())
                    .Which.Key.Should().Be(key.Value, "a whole read finds it whatever it is");
                _objects.Damage(key, content => Flip(content, at));
            }
        }

        found.Should().BeGreaterThan((int)_archive.FindArchived(default).Sum(batch => batch.Stored.StoredBytes) / 2);
        (await ReadAsync(string.Empty)).Should().BeFalse("nothing is damaged any more");
    }

    [Fact]
    public async Task A_batch_in_the_place_of_another_one_is_not_served()
    {
        var (first, second) = (_archive.FindArchived(default)[0], _archive.FindArchived(default)[1]);
        var other = (await _objects.GetAsync(new ObjectKey(second.Stored.Key)))!.Content.ToArray();
        _objects.Damage(new ObjectKey(first.Stored.Key), _ => other);
        using var archived = new ArchivedEvents(_objects);

        (await FluentActions.Awaiting(() => archived.ReadAsync([first], default, null, 100))
            .Should().ThrowAsync<ArchiveMismatchException>()).Which.Key.Should().Be(first.Stored.Key);
    }

    [Fact]
    public async Task A_batch_that_is_gone_is_named()
    {
        var batch = _archive.FindArchived(default)[1];
        await _objects.DeleteAsync(new ObjectKey(batch.Stored.Key));
        using var archived = new ArchivedEvents(_objects);

        (await FluentActions.Awaiting(
            () => archived.ReadAsync(_archive.FindArchived(default), default, null, 100))
            .Should().ThrowAsync<ArchiveMismatchException>()).Which.Key.Should().Be(batch.Stored.Key);
    }

    [Fact]
    public async Task A_batch_that_was_damaged_before_its_month_leaves_is_made_anew_of_what_the_database_has()
    {
        await AppendAprilAsync();
        await RunAsync(prune: false);
        var (before, rows) = (_archive.Batches[^1], _archive.Rows.ToList());
        var damaged = new ObjectKey(before.Stored!.Key);
        _objects.Damage(damaged, content => Flip(content, content.Length / 2));

        var report = await RunAsync(prune: true);

        (report.Obstacle, report.Replaced).Should().Be((null, 1));
        report.PrunedMonths.Should().ContainSingle();
        _archive.Rows.Should().BeEmpty();
        var after = _archive.Batches[^1];
        after.Should().BeEquivalentTo(new { before.Plan, before.EventsDigest, State = ArchiveState.Pruned });
        after.Stored!.Key.Should().NotBe(damaged.Value);
        using var archived = new ArchivedEvents(_objects);
        (await archived.ReadAsync(_archive.FindArchived(before.Plan.After), before.Plan.After, null, 100)).Events
            .Should().Equal(rows);
        var found = await new ArchiveVerifier(_objects, timeProvider: _time).VerifyAsync();
        found.IsWhole.Should().BeTrue();
        found.Findings.Should().ContainSingle().Which.Key.Should().Be(damaged.Value, "nobody lists it any more");
    }

    [Fact]
    public async Task A_batch_that_was_damaged_is_not_made_of_rows_that_were_changed_since()
    {
        await AppendAprilAsync();
        await RunAsync(prune: false);
        var batch = _archive.Batches[^1];
        _objects.Damage(new ObjectKey(batch.Stored!.Key), content => Flip(content, content.Length / 2));
        _archive.Tamper(
            new Position(batch.Plan.First.Value + 5),
            envelope => envelope with { RecordedAt = envelope.RecordedAt.AddSeconds(1) });

        var report = await RunAsync(prune: true);

        report.Obstacle.Should().BeOfType<ArchiveRefusedException>()
            .Which.Reason.Should().Be(ArchiveRefusal.Changed);
        (report.Replaced, report.PrunedMonths.Count, _archive.Rows.Count).Should().Be((0, 0, 20));
        _archive.Batches[^1].Should().BeEquivalentTo(new { batch.Plan, batch.Stored, batch.EventsDigest });
    }

    [Fact]
    public async Task A_cold_batch_gives_an_estimate_and_is_read_once_it_is_restored()
    {
        var batch = _archive.FindArchived(default)[0];
        await _objects.SetStorageClassAsync(new ObjectKey(batch.Stored.Key), StorageClass.DeepArchive);
        using var archived = new ArchivedEvents(_objects);

        var needed = await FluentActions.Awaiting(() => archived.ReadAsync([batch], default, null, 100))
            .Should().ThrowAsync<RestoreRequiredException>();
        needed.Which.Key.Should().Be(batch.Stored.Key);
        needed.Which.Estimate.Should().BePositive();
        await _objects.RestoreAsync(
            new ObjectKey(batch.Stored.Key), new RestoreRequest(RestorePriority.Standard, days: 1));
        _time.Advance(needed.Which.Estimate!.Value);

        (await archived.ReadAsync([batch], default, null, 100)).Events.Should().Equal(_all.Take(12));
    }

    private static byte[] Flip(byte[] content, int at)
    {
        content[at] ^= 0x10;
        return content;
    }

    // Whether the damage was met; what is served is right in any case.
    private async Task<bool> ReadAsync(string damaged)
    {
        using var archived = new ArchivedEvents(_objects, new ArchiveReadingOptions { CacheBytes = 0 });
        var isMet = false;
        foreach (var batch in _archive.FindArchived(default))
        {
            try
            {
                (await archived.ReadAsync([batch], default, null, 100)).Events.Should().Equal(
                    _all.Where(e => e.Position > batch.Plan.After && e.Position <= batch.Plan.Last));
                (await archived.ReadStreamAsync(batch, _all[0].StreamId, 1, 100)).Should().Equal(
                    _all.Where(e => e.Position > batch.Plan.After && e.Position <= batch.Plan.Last
                        && e.StreamId == _all[0].StreamId));
            }
            catch (ObjectDamagedException e)
            {
                e.Key.Should().Be(damaged);
                isMet = true;
            }
            catch (ArchiveMismatchException e)
            {
                e.Key.Should().Be(damaged);
                isMet = true;
            }
            catch (UnsupportedFormatException)
            {
                batch.Stored.Key.Should().Be(damaged);
                isMet = true;
            }
        }

        return isMet;
    }

    private async Task AppendAprilAsync()
    {
        var stream = new StreamId("order", "april");
        for (var number = 0; number < 20; number++)
        {
            await _archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", "{}"u8.ToArray(), new EventMetadata())],
                new DateTimeOffset(2026, 4, 1, 0, number, 0, TimeSpan.Zero));
        }
    }

    private async Task<ArchiveReport> RunAsync(bool prune)
    {
        using var archived = new ArchivedEvents(_objects);
        using var archiver = new Archiver(
            new ArchiverParts(new ThroughReader(_archive, archived), _archive, _archive, _objects),
            new ArchivingOptions { OlderThan = TimeSpan.Zero, Prune = prune },
            _time);
        return await archiver.ArchiveAsync();
    }
}
