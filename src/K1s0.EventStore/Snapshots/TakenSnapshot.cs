using K1s0.EventStore.Compression;

namespace K1s0.EventStore;

/// <summary>A snapshot that was taken, and what it took.</summary>
public sealed class TakenSnapshot
{
    /// <summary>The stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The version of the last event in it.</summary>
    public required StreamVersion Version { get; init; }

    /// <summary>The version of the snapshot that it is made from; 0 when it is made from the first event.</summary>
    public required StreamVersion StartedAt { get; init; }

    /// <summary>The events that were applied: only those behind that snapshot.</summary>
    public required long AppliedEvents { get; init; }

    /// <summary>The length of the state's JSON, in bytes.</summary>
    public required int OriginalBytes { get; init; }

    /// <summary>The length of the state's JSON as it is kept, in bytes.</summary>
    public required int CompressedBytes { get; init; }

    /// <summary>How it is compressed.</summary>
    public required CompressionFormat Compression { get; init; }
}
