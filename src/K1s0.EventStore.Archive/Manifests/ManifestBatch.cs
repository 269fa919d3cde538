using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>A batch as a manifest lists it. Immutable; what is contradictory cannot be made.</summary>
public sealed record ManifestBatch
{
    /// <summary>A batch.</summary>
    /// <param name="key">The key of its object.</param>
    /// <param name="after">
    /// The last position of the batch before it: between there and <paramref name="first"/> there is no event.
    /// </param>
    /// <param name="first">The position of its first event.</param>
    /// <param name="last">The position of its last event.</param>
    /// <param name="eventCount">How many events it has: 1 to 10,000,000.</param>
    /// <param name="earliest">The earliest time that one of them was recorded at.</param>
    /// <param name="latest">The latest such time.</param>
    /// <param name="contentBytes">The bytes of its lines, before they were compressed: up to 160 MiB.</param>
    /// <param name="storedBytes">The length of its object: up to 192 MiB.</param>
    /// <param name="digest">The SHA-256 of its object.</param>
    /// <param name="eventsDigest">The digest of its events (<see cref="EventRunDigest"/>).</param>
    /// <exception cref="ArgumentException">They contradict each other, or no batch is like that.</exception>
    public ManifestBatch(
        ObjectKey key,
        Position after,
        Position first,
        Position last,
        long eventCount,
        DateTimeOffset earliest,
        DateTimeOffset latest,
        long contentBytes,
        long storedBytes,
        Sha256Digest digest,
        Sha256Digest eventsDigest)
    {
        ArgumentNullException.ThrowIfNull(key);
        Check(
            first > after && last >= first && eventCount is >= 1 and <= EventBatchLimits.MostEvents
            && last.Value - first.Value >= eventCount - 1,
            "places");
        Check(earliest <= latest, "times");
        Check(
            contentBytes is > 0 and <= EventBatchLimits.MostContentBytes
            && storedBytes is > 0 and <= EventBatchLimits.MostObjectBytes,
            "lengths");
        Check(!digest.IsNone && !eventsDigest.IsNone, "digests");
        (Key, After, First, Last, EventCount) = (key, after, first, last, eventCount);
        (Earliest, Latest, ContentBytes, StoredBytes) = (earliest, latest, contentBytes, storedBytes);
        (Digest, EventsDigest) = (digest, eventsDigest);

        void Check(bool condition, string what)
        {
            if (!condition)
            {
                throw new ArgumentException($"The {what} of batch {key} contradict each other.", nameof(key));
            }
        }
    }

    /// <summary>The key of its object.</summary>
    public ObjectKey Key { get; }

    /// <summary>The last position of the batch before it; nothing lies between there and its first event.</summary>
    public Position After { get; }

    /// <summary>The position of its first event.</summary>
    public Position First { get; }

    /// <summary>The position of its last event.</summary>
    public Position Last { get; }

    /// <summary>How many events it has.</summary>
    public long EventCount { get; }

    /// <summary>The earliest time that one of its events was recorded at.</summary>
    public DateTimeOffset Earliest { get; }

    /// <summary>The latest such time.</summary>
    public DateTimeOffset Latest { get; }

    /// <summary>The bytes of its lines, before they were compressed.</summary>
    public long ContentBytes { get; }

    /// <summary>The length of its object in bytes.</summary>
    public long StoredBytes { get; }

    /// <summary>The SHA-256 of its object.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>
    /// The digest of its events, in which each one's place, time, content, chain hash and predecessor take part: a
    /// store that is rebuilt from the batch ends with the same chain heads, or the digest differs.
    /// </summary>
    public Sha256Digest EventsDigest { get; }

    internal static ManifestBatch Of(BatchPlan plan, BatchObject stored, Sha256Digest eventsDigest) => new(
        new ObjectKey(stored.Key),
        plan.After,
        plan.First,
        plan.Last,
        plan.EventCount,
        plan.Earliest,
        plan.Latest,
        plan.ContentBytes,
        stored.StoredBytes,
        stored.Digest,
        eventsDigest);
}
