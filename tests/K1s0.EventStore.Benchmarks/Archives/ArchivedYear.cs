using System.Text;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>
/// A year of orders in an archive in a folder, read by its times as a store reads that has let all of it leave. The books
/// are in memory: of the database only one look-up by an index is missing. Nothing is remembered from one read to the
/// next.
/// </summary>
internal sealed class ArchivedYear : IFeedReader, IDisposable
{
    private const int EventsPerAppend = 4;
    private const int Streams = 5_000;
    private const int BatchesPerPage = 8;

    private readonly ArchiveFolder _folder = new();
    private readonly List<ArchivedBatch> _books = [];
    private readonly InMemoryEventStore _store;
    private readonly YearTime _time = new();

    private ArchivedYear() => _store = new InMemoryEventStore(timeProvider: _time);

    /// <summary>The first moment of the year.</summary>
    public static DateTimeOffset Start { get; } = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public long ContentBytes => _folder.ContentBytes;

    public long StoredBytes => _folder.StoredBytes;

    public int Batches => _books.Count;

    public static async Task<ArchivedYear> CreateAsync(int events, int seed)
    {
        var year = new ArchivedYear();
        var random = new Random(seed);
        var step = TimeSpan.FromDays(365) / (events / EventsPerAppend + 1);
        for (var number = 0; number < events; number += EventsPerAppend)
        {
            var stream = new StreamId("order", $"4{random.Next(Streams):D6}");
            await year._store.AppendAsync(
                stream,
                [
                    .. Enumerable.Range(0, Math.Min(EventsPerAppend, events - number)).Select(_ => EventEnvelope.Create(
                        stream,
                        "order-placed",
                        Encoding.UTF8.GetBytes(CompressedCorpora.Order(random)),
                        new EventMetadata { Actor = $"user-{random.Next(97)}", Tenant = "acme" })),
                ]);
            year._time.Now += step;
        }

        var all = new List<EventEnvelope>();
        await foreach (var envelope in year._store.ReadFeedAsync(pageSize: FeedPage.MaxEvents))
        {
            all.Add(envelope);
        }

        await year._folder.WriteAsync(await year._store.GetIdentityAsync(), all, "1");
        await year.WriteBooksAsync();
        return year;
    }

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        _store.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_books[^1].Plan.Last);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after, FeedFilter? filter = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        var bound = _books[^1].Plan.Last;
        var batches = _books.Where(batch => batch.Plan.Last > after
                && (filter?.RecordedFrom is not { } from || batch.Plan.Latest >= from)
                && (filter?.RecordedBefore is not { } before || batch.Plan.Earliest < before))
            .Take(BatchesPerPage)
            .ToList();
        if (batches.Count == 0)
        {
            return new FeedPage([], bound, bound);
        }

        using var archived = new ArchivedEvents(_folder.Objects, new ArchiveReadingOptions { CacheBytes = 0 });
        var stretch = await archived.ReadAsync(batches, after, filter, maxCount, cancellationToken);
        var isAll = stretch.IsComplete && batches.Count < BatchesPerPage;
        return new FeedPage(stretch.Events, isAll ? bound : stretch.ReadTo, bound) { Archive = stretch.Scan };
    }

    public void Dispose() => _folder.Dispose();

    private async Task WriteBooksAsync()
    {
        var after = Position.Start;
        foreach (var key in _folder.Keys)
        {
            var found = (await _folder.Objects.HeadAsync(key))!;
            var index = (await EventBatchReader.OpenAsync(_folder.Objects, key))!.Index;
            _books.Add(new ArchivedBatch(
                new BatchPlan(
                    after, index.First, index.Last, index.EventCount, index.Earliest, index.Latest, index.ContentLength),
                new BatchObject(key.Value, found.Length, found.Digest, await DigestOfIndexAsync(key, found.Length))));
            after = index.Last;
        }
    }

    // The last 32 bytes in front of the seek table, which has 8 bytes a frame and 17 besides (README of the archive).
    private async Task<Sha256Digest> DigestOfIndexAsync(ObjectKey key, long length)
    {
        var tail = (await _folder.Objects.GetRangeAsync(key, ObjectRange.Last((int)Math.Min(length, 32 * 1024))))!;
        var content = tail.Content.Span;
        var frames = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(content[^9..]);
        var end = content.Length - 8 - (8 * frames) - 9;
        return new Sha256Digest(content[(end - Sha256Digest.Length)..end]);
    }

    private sealed class YearTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = Start;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
