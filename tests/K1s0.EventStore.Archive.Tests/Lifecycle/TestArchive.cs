using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>An archive of orders in a bucket, with its manifests, as an archiver leaves it.</summary>
internal sealed class TestArchive
{
    private TestArchive(IObjectStore objects, IReadOnlyList<EventEnvelope> events, ArchiveListing listing) =>
        (Objects, Events, Listing) = (objects, events, listing);

    public IObjectStore Objects { get; }

    public IReadOnlyList<EventEnvelope> Events { get; }

    public ArchiveListing Listing { get; private set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Some events in batches, and a manifest for every few of them.</summary>
    public static async Task<TestArchive> CreateAsync(
        IObjectStore objects,
        IReadOnlyList<EventEnvelope> events,
        int eventsPerBatch = 50,
        int batchesPerManifest = 4,
        DateTimeOffset? listedAt = null,
        ArchiveListing? before = null)
    {
        var listing = before ?? ArchiveListing.Empty(Corpus.Store);
        foreach (var group in events.Chunk(eventsPerBatch * batchesPerManifest))
        {
            var added = new List<ManifestBatch>();
            foreach (var chunk in group.Chunk(eventsPerBatch))
            {
                added.Add(await PutAsync(objects, chunk, added is [.., var last] ? last.Last : listing.Last));
            }

            var manifest = listing.Next(1, listedAt ?? events[^1].RecordedAt, added);
            await new ArchiveManifests(objects).PutAsync(manifest, Cancellation);
            listing = listing.With(manifest);
        }

        return new TestArchive(objects, events, listing);
    }

    /// <summary>A batch of some events, stored and not listed.</summary>
    public static async Task<ManifestBatch> PutAsync(
        IObjectStore objects, IReadOnlyList<EventEnvelope> events, Position after, string attempt = "1")
    {
        var batch = EventBatchTests.Write(events);
        await objects.PutIfAbsentAsync(batch.Key(attempt), batch.Content, batch.Attributes(), Cancellation);
        return new ManifestBatch(
            batch.Key(attempt),
            after,
            batch.Index.First,
            batch.Index.Last,
            batch.Index.EventCount,
            batch.Index.Earliest,
            batch.Index.Latest,
            batch.Index.ContentLength,
            batch.Content.Length,
            Sha256Digest.Of(batch.Content.Span),
            EventRunDigest.Of(events));
    }

    /// <summary>The listing as the bucket has it; every event is in it once and can be read, or is cold.</summary>
    public async Task<ArchiveListing> CheckAsync(IObjectStore? throughObjects = null)
    {
        var objects = throughObjects ?? Objects;
        Listing = (await new ArchiveManifests(objects).ReadLatestAsync(fromFirst: true, Cancellation))!;
        var read = new List<EventEnvelope>();
        foreach (var batch in Listing.Batches)
        {
            read.AddRange((await BatchContent.ReadAsync(objects, batch, options: null, Cancellation)).Events);
        }

        read.Select(Whole).SequenceEqual(Events.Select(Whole)).Should().BeTrue("every event is there, once, as it was");
        return Listing;
    }

    private static (EventEnvelope, Position, Sha256Digest, DateTimeOffset) Whole(EventEnvelope envelope) =>
        (envelope, envelope.Position, envelope.ChainHash, envelope.RecordedAt);

    /// <summary>The keys of all objects of batches.</summary>
    public async Task<IReadOnlyList<ObjectKey>> KeysAsync() =>
        [.. await Objects.ListAsync("events/", cancellationToken: Cancellation).Select(entry => entry.Key)
            .ToListAsync(Cancellation)];
}
