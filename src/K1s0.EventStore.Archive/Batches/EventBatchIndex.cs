using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>What a batch holds, and where in its object. Read from the end of the object.</summary>
/// <param name="Store">The store that the events are of.</param>
/// <param name="Compression">How the frames are compressed.</param>
/// <param name="Frames">The frames in order; at least one.</param>
public sealed record EventBatchIndex(
    StoreIdentity Store, CompressionFormat Compression, IReadOnlyList<EventBatchFrame> Frames)
{
    /// <summary>How many events the batch has.</summary>
    public int EventCount => Frames.Sum(frame => frame.EventCount);

    /// <summary>The length of all lines in bytes, before they were compressed.</summary>
    public long ContentLength => Frames.Sum(frame => (long)frame.ContentLength);

    /// <summary>The position of the first event.</summary>
    public Position First => Frames[0].First;

    /// <summary>The position of the last event.</summary>
    public Position Last => Frames[^1].Last;

    /// <summary>The earliest time that one of the events was recorded at.</summary>
    public DateTimeOffset Earliest => Frames.Min(frame => frame.Earliest);

    /// <summary>The latest such time.</summary>
    public DateTimeOffset Latest => Frames.Max(frame => frame.Latest);

    /// <summary>
    /// The SHA-256 of the index itself: who knows it can tell whether a part of the object is of this batch.
    /// </summary>
    internal Sha256Digest Digest { get; init; }

    /// <summary>Where the filters over streams begin in the object.</summary>
    internal long FiltersOffset { get; init; }

    /// <summary>The SHA-256 of the filters.</summary>
    internal Sha256Digest FiltersDigest { get; init; }

    /// <summary>The length of all filters in bytes.</summary>
    internal int FiltersLength => Frames.Sum(frame => frame.FilterLength);
}
