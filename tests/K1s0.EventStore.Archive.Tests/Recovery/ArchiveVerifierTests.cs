using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class ArchiveVerifierTests
{
    private readonly ManualTime _time = new(ManifestSamples.Time);
    private readonly SimulatedObjectStore _objects;

    public ArchiveVerifierTests() => _objects = new SimulatedObjectStore(_time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_whole_archive_is_found_whole(int ahead)
    {
        var archive = await ArchiveAsync();
        var seen = new List<RecoveryProgress>();
        var options = new ArchiveRecoveryOptions(ahead, progress: new Told(seen));

        var found = await new ArchiveVerifier(_objects, options, _time).VerifyAsync(Cancellation);

        found.IsWhole.Should().BeTrue();
        found.Findings.Should().BeEmpty();
        found.Should().BeEquivalentTo(new
        {
            Store = (StoreIdentity?)Corpus.Store,
            Manifest = 3L,
            Batches = 12,
            Events = 600L,
            Streams = archive.Events.Select(envelope => envelope.StreamId).Distinct().Count(),
            Bytes = archive.Listing.Batches.Sum(batch => batch.StoredBytes),
        });
        seen[^1].Should().Be(new RecoveryProgress(12, 12, 600));
    }

    [Fact]
    public async Task One_changed_byte_anywhere_in_the_bucket_is_found_and_its_object_named()
    {
        await ArchiveAsync();
        var random = SeededRandom.Create();
        var keys = await _objects.ListAsync(cancellationToken: Cancellation).ToListAsync(Cancellation);
        keys.Should().HaveCount(15);
        for (var run = 0; run < 150; run++)
        {
            var (key, at) = (keys[run % keys.Count].Key, random.Next((int)keys[run % keys.Count].Length));
            _objects.Damage(key, content => Flip(content, at));

            var found = await VerifyAsync();

            found.IsWhole.Should().BeFalse($"byte {at} of {key} was changed");
            found.Findings.Should().Contain(finding => finding.Key == key.Value);
            _objects.Damage(key, content => Flip(content, at));
        }

        (await VerifyAsync()).IsWhole.Should().BeTrue();
    }

    [Fact]
    public async Task Every_object_that_is_gone_is_named()
    {
        var archive = await ArchiveAsync();
        var batch = archive.Listing.Batches[5];
        await _objects.DeleteAsync(batch.Key, Cancellation);
        await _objects.DeleteAsync(ArchiveManifest.KeyOf(2), Cancellation);

        var found = await VerifyAsync();

        found.Findings.Should().Contain(finding =>
            finding.Kind == ArchiveFindingKind.Manifest && finding.Key == ArchiveManifest.KeyOf(2).Value);
        found.IsWhole.Should().BeFalse();
        await Restored(archive, 2);
        var missing = (await VerifyAsync()).Findings.Should().ContainSingle().Which;
        (missing.Kind, missing.Key, missing.Position).Should().Be(
            (ArchiveFindingKind.Missing, batch.Key.Value, batch.First));
    }

    [Fact]
    public async Task An_event_id_that_comes_twice_is_named_in_whichever_batches_it_is()
    {
        // Each stream is in order, but two of them have an event of the same id.
        var events = (await Corpus.Create().OrdersAsync(100)).ToList();
        var twin = new InMemoryEventStore();
        var stream = new StreamId("order", "twin");
        var placed = EventEnvelope.Create(stream, "placed", "{}"u8.ToArray(), new EventMetadata());
        await twin.AppendAsync(stream, [placed with { Id = events[3].Id }]);
        var stored = (await twin.LoadAsync(stream))[0] with
        {
            Position = new Position(events[^1].Position.Value + 1),
            RecordedAt = events[^1].RecordedAt,
        };
        await TestArchive.CreateAsync(_objects, [.. events, stored], eventsPerBatch: 20);

        var found = await VerifyAsync();

        (found.IsWhole, found.ComparedIds, found.Events).Should().Be((false, 100L, 101L));
        var repeated = found.Findings.Should().ContainSingle().Which;
        (repeated.Kind, repeated.Position).Should().Be((ArchiveFindingKind.RepeatedId, stored.Position));
        var few = await new ArchiveVerifier(_objects, new ArchiveRecoveryOptions(maxEventIds: 2), _time)
            .VerifyAsync(Cancellation);
        (few.IsWhole, few.ComparedIds).Should().Be((true, 2L), "the report says how far ids were compared");
    }

    [Fact]
    public async Task A_batch_of_other_events_that_everything_else_fits_breaks_the_chain_and_its_position_is_named()
    {
        // Somebody who can write manifests and batches leaves an event out, and another takes its place in the feed.
        var events = (await Corpus.Create().OrdersAsync(600)).ToList();
        var victim = events.FindIndex(300, envelope => events.Take(300).Any(other => other.StreamId == envelope.StreamId));
        var next = events.FindIndex(victim + 1, envelope => envelope.StreamId == events[victim].StreamId);
        await TestArchive.CreateAsync(_objects, [.. events.Where((_, number) => number != victim)]);

        var found = await VerifyAsync();

        var broken = found.Findings.Should().ContainSingle().Which;
        (broken.Kind, broken.Position).Should().Be((ArchiveFindingKind.BrokenChain, events[next].Position));
        found.IsWhole.Should().BeFalse();
    }

    [Fact]
    public async Task What_lies_cold_is_unknown_and_what_nobody_lists_does_no_harm()
    {
        var archive = await ArchiveAsync();
        var orphan = await TestArchive.PutAsync(_objects, [.. archive.Events.Take(20)], Position.Start, "lost");
        (await VerifyAsync()).Should().BeEquivalentTo(new { IsWhole = true, FindingCount = 1L });
        await _objects.SetStorageClassAsync(archive.Listing.Batches[2].Key, StorageClass.DeepArchive, Cancellation);

        var found = await VerifyAsync();

        found.IsWhole.Should().BeFalse();
        found.Findings.Select(finding => (finding.Kind, finding.Key)).Should().BeEquivalentTo(
        [
            (ArchiveFindingKind.Unreadable, archive.Listing.Batches[2].Key.Value),
            (ArchiveFindingKind.Unlisted, orphan.Key.Value),
        ]);
    }

    [Fact]
    public async Task An_empty_bucket_is_no_archive()
    {
        var found = await VerifyAsync();

        (found.IsWhole, found.Store, found.Events).Should().Be((false, null, 0));
    }

    [Fact]
    public async Task A_bucket_that_cannot_be_read_says_nothing_about_the_archive()
    {
        var objects = new SimulatedObjectStore(
            _time, call => call.Number > 40 ? ObjectFault.LostAnswer : ObjectFault.None);
        await TestArchive.CreateAsync(objects, await Corpus.Create().OrdersAsync(600));
        while (objects.Calls.Count < 40)
        {
            await objects.HeadAsync(ArchiveManifest.KeyOf(1), Cancellation);
        }

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => new ArchiveVerifier(objects, timeProvider: _time).VerifyAsync(Cancellation));
    }

    private static byte[] Flip(byte[] content, int at)
    {
        content[at] ^= 0x20;
        return content;
    }

    private async Task Restored(TestArchive archive, long number)
    {
        var again = new SimulatedObjectStore(_time);
        await TestArchive.CreateAsync(again, archive.Events);
        var manifest = (await again.GetAsync(ArchiveManifest.KeyOf(number), Cancellation))!;
        await _objects.PutIfAbsentAsync(ArchiveManifest.KeyOf(number), manifest.Content, cancellationToken: Cancellation);
    }

    private async Task<TestArchive> ArchiveAsync() =>
        await TestArchive.CreateAsync(_objects, await Corpus.Create().OrdersAsync(600));

    private Task<ArchiveVerification> VerifyAsync() =>
        new ArchiveVerifier(_objects, timeProvider: _time).VerifyAsync(Cancellation);

    private sealed class Told(List<RecoveryProgress> seen) : IProgress<RecoveryProgress>
    {
        public void Report(RecoveryProgress value) => seen.Add(value);
    }
}
