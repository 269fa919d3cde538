using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>
/// A bucket whose every digest fits, written by somebody who wants the memory of its readers: typed errors, and nothing
/// reserved for what is claimed.
/// </summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class HostileBucketTests : IDisposable
{
    private const int Mebibyte = 1024 * 1024;

    private readonly SimulatedObjectStore _objects = new(new ManualTime(DateTimeOffset.UnixEpoch));
    private readonly string _folder = Directory.CreateTempSubdirectory("hostile").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Lines_that_are_longer_than_listed_are_not_decompressed()
    {
        var (content, index) = Bomb(frames: 12, frameBytes: 8 * Mebibyte, eventsPerFrame: 1);
        var batch = await PutAsync(content, index, contentBytes: 1_000);
        var before = GC.GetAllocatedBytesForCurrentThread();

        (await FluentActions.Awaiting(() => BatchContent.ReadAsync(_objects, batch, options: null, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>()).Which.Key.Should().Be(batch.Key.Value);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(2 * Mebibyte);
    }

    [Fact]
    public async Task Lines_that_are_longer_than_planned_are_not_decompressed()
    {
        var (content, index) = Bomb(frames: 12, frameBytes: 8 * Mebibyte, eventsPerFrame: 1);
        var batch = await PutAsync(content, index, contentBytes: 1_000);
        var entry = new BatchEntry(
            new BatchPlan(
                batch.After, batch.First, batch.Last, batch.EventCount, batch.Earliest, batch.Latest, batch.ContentBytes),
            ArchiveState.Uploaded,
            1,
            new BatchObject(batch.Key.Value, batch.StoredBytes, batch.Digest, index.Digest),
            default);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var (proof, fault) = await BatchProof.ReadAsync(_objects, entry, Corpus.Store, Cancellation);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(2 * Mebibyte);
        proof.Should().BeNull();
        fault.Should().Contain("length");
    }

    [Fact]
    public void Frames_that_are_three_gigabytes_together_are_no_batch_though_each_could_be_one()
    {
        var (content, _) = Bomb(frames: BatchTail.MaxFrames, frameBytes: 8 * Mebibyte, eventsPerFrame: 41_000);

        FluentActions.Invoking(() => EventBatchReader.Decode(content).Count())
            .Should().Throw<InvalidFormatException>().WithMessage("*longer*");
    }

    [Fact]
    public void More_events_than_can_be_counted_are_no_batch()
    {
        var (content, index) = Bomb(frames: 200, frameBytes: 8 * Mebibyte, eventsPerFrame: 1);
        var claiming = index with
        {
            Frames =
            [
                .. index.Frames.Select((frame, number) => frame with
                {
                    ContentLength = int.MaxValue,
                    EventCount = int.MaxValue / 200,
                    First = new Position(number * 100_000_000L),
                    Last = new Position((number * 100_000_000L) + 50_000_000),
                }),
            ],
        };
        byte[] claims =
        [
            .. content.AsSpan(0, (int)index.FiltersOffset),
            .. BatchTail.Write(claiming, content.AsSpan((int)index.FiltersOffset + BatchTail.FrameHead, index.FiltersLength)),
        ];

        FluentActions.Invoking(() => BatchTail.Read(claims, claims.Length).EventCount)
            .Should().Throw<InvalidFormatException>();
    }

    [Theory]
    [InlineData(10_000_001, 1_000, 300)]
    [InlineData(10, (160L * Mebibyte) + 1, 300)]
    [InlineData(10, 1_000, (192L * Mebibyte) + 1)]
    [InlineData(10, long.MaxValue, long.MaxValue)]
    public void A_batch_that_cannot_be_is_not_listed(long events, long contentBytes, long storedBytes) =>
        FluentActions.Invoking(() => Listed(events, contentBytes, storedBytes, TimeSpan.FromSeconds(1)))
            .Should().Throw<ArgumentException>();

    [Fact]
    public void Sums_of_the_greatest_batches_are_counted()
    {
        var listing = ArchiveListing.Empty(Corpus.Store);
        var batch = Listed(10_000_000, 160 * Mebibyte, 192 * Mebibyte, TimeSpan.FromSeconds(1));

        var manifest = listing.Next(1, ManifestSamples.Time, [batch]);

        ArchiveManifest.Read(manifest.Content).Added.Should().ContainSingle();
        listing.With(manifest).EventCount.Should().Be(10_000_000);
    }

    [Fact]
    public void A_batch_of_all_the_years_there_are_is_not_spread_over_their_hours()
    {
        var listing = ArchiveListing.Empty(Corpus.Store);
        var batch = Listed(
            10_000_000, 160 * Mebibyte, 192 * Mebibyte, DateTimeOffset.MaxValue - DateTimeOffset.MinValue);
        listing = listing.With(listing.Next(1, ManifestSamples.Time, [batch]));
        var before = GC.GetAllocatedBytesForCurrentThread();

        FluentActions.Invoking(() => ArchiveLoad.FindHot(listing)).Should().Throw<InvalidFormatException>();

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(Mebibyte);
    }

    [Fact]
    public void A_batch_of_a_quiet_decade_is_spread_over_it()
    {
        var listing = ArchiveListing.Empty(Corpus.Store);
        var batch = Listed(10, 1_000, 300, TimeSpan.FromDays(3_653));
        listing = listing.With(listing.Next(1, ManifestSamples.Time, [batch]));

        var loads = ArchiveLoad.FindHot(listing, 0.001);

        loads.Sum(load => load.Events).Should().Be(10);
        loads.Should().HaveCount(10);
    }

    /// <summary>The file is sparse: it takes no room on the disk either.</summary>
    [Fact]
    public async Task Objects_that_became_huge_are_not_downloaded()
    {
        const long Huge = 1_900_000_000;
        var objects = new FileObjectStore(_folder);
        var archive = await TestArchive.CreateAsync(objects, await Corpus.Create().OrdersAsync(100));
        var key = archive.Listing.Batches[0].Key;
        await SetLengthAsync(key, Huge);
        var before = GC.GetTotalAllocatedBytes();

        var found = await new ArchiveVerifier(objects).VerifyAsync(Cancellation);

        (GC.GetTotalAllocatedBytes() - before).Should().BeLessThan(Huge / 2);
        found.Findings.Should().ContainSingle(finding =>
            finding.Kind == ArchiveFindingKind.Damaged && finding.Key == key.Value);
        await SetLengthAsync(ArchiveManifest.KeyOf(1), Huge);
        before = GC.GetTotalAllocatedBytes();
        (await FluentActions.Awaiting(() => new ArchiveManifests(objects).ReadLatestAsync(true, Cancellation))
            .Should().ThrowAsync<ObjectDamagedException>()).Which.Key.Should().Be(ArchiveManifest.KeyOf(1).Value);
        (GC.GetTotalAllocatedBytes() - before).Should().BeLessThan(Huge / 2);
    }

    // Frames of spaces: nothing compresses better.
    private static (byte[] Content, EventBatchIndex Index) Bomb(int frames, int frameBytes, int eventsPerFrame)
    {
        var codec = CompressionCodecs.OfSystem.Preferred;
        var room = new byte[codec.MaxCompressedLength(frameBytes)];
        var spaces = new byte[frameBytes];
        spaces.AsSpan().Fill((byte)' ');
        var frame = room[..codec.Compress(spaces, room, dictionary: null)];
        var filter = StreamFilter.Make([StreamChain.Tag(new StreamId("a", "b"))], 1);
        var filters = Enumerable.Repeat(filter, frames).SelectMany(bytes => bytes).ToArray();
        var index = new EventBatchIndex(
            Corpus.Store,
            codec.Format,
            [
                .. Enumerable.Range(0, frames).Select(number => new EventBatchFrame(
                    (long)number * frame.Length,
                    frame.Length,
                    frameBytes,
                    eventsPerFrame,
                    new Position((number * eventsPerFrame) + 1),
                    new Position((number + 1) * eventsPerFrame),
                    ManifestSamples.Time,
                    ManifestSamples.Time,
                    Sha256Digest.Of(frame)) { FilterLength = filter.Length }),
            ])
        {
            FiltersOffset = (long)frames * frame.Length,
            FiltersDigest = Sha256Digest.Of(filters),
        };
        var tail = BatchTail.Write(index, filters);
        return (
            [.. Enumerable.Repeat(frame, frames).SelectMany(bytes => bytes), .. tail],
            index with { Digest = BatchTail.DigestIn(tail, index) });
    }

    private static ManifestBatch Listed(long events, long contentBytes, long storedBytes, TimeSpan span)
    {
        var earliest = span > TimeSpan.FromDays(1_000_000) ? DateTimeOffset.MinValue : ManifestSamples.Time;
        return new ManifestBatch(
            new ObjectKey("events/1.batch.zst"),
            default,
            new Position(1),
            new Position(events),
            events,
            earliest,
            earliest + span,
            contentBytes,
            storedBytes,
            Sha256Digest.Of([1]),
            Sha256Digest.Of([2]));
    }

    private async Task<ManifestBatch> PutAsync(byte[] content, EventBatchIndex index, long contentBytes)
    {
        var key = new ObjectKey("events/2026/07/01/13/1.batch.zst");
        await _objects.PutIfAbsentAsync(key, content, cancellationToken: Cancellation);
        return new ManifestBatch(
            key,
            default,
            index.First,
            index.Last,
            index.EventCount,
            index.Earliest,
            index.Latest,
            contentBytes,
            content.Length,
            Sha256Digest.Of(content),
            Sha256Digest.Of([2]));
    }

    private async Task SetLengthAsync(ObjectKey key, long length)
    {
        await using var file = new FileStream(Path.Combine(_folder, key.Value), FileMode.Open, FileAccess.Write);
        file.SetLength(length);
    }
}
