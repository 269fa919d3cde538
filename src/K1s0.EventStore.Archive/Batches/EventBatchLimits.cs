namespace K1s0.EventStore.Archive;

/// <summary>How much goes into a batch. Immutable.</summary>
public sealed record EventBatchLimits
{
    /// <summary>The most events that any batch has.</summary>
    internal const int MostEvents = 10_000_000;

    /// <summary>The most bytes of lines that any batch has: one event may be as long as the longest frame.</summary>
    internal const int MostContentBytes = 160 * 1024 * 1024;

    /// <summary>The most bytes of its object: lines that cannot be compressed, filters, and the tail.</summary>
    internal const int MostObjectBytes = 192 * 1024 * 1024;

    /// <summary>Batches as events come: 1,000 events or 1 MB of lines.</summary>
    public static EventBatchLimits Streaming { get; } = new(1_000, 1_000_000);

    /// <summary>Batches for classes where every object costs: 64 MiB of lines, which are about 16 MiB stored.</summary>
    public static EventBatchLimits Compaction { get; } = new(1_000_000, 64 * 1024 * 1024);

    /// <summary>
    /// Limits; whichever is reached first ends a batch, and an event that is larger has one of its own.
    /// </summary>
    /// <param name="maxEvents">The most events: 1 to 10,000,000.</param>
    /// <param name="maxContentBytes">The most bytes of lines: 1 KiB to 80 MiB.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is out of range.</exception>
    public EventBatchLimits(int maxEvents, int maxContentBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxEvents, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxEvents, MostEvents);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxContentBytes, 1_024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxContentBytes, 80 * 1024 * 1024);
        (MaxEvents, MaxContentBytes) = (maxEvents, maxContentBytes);
    }

    /// <summary>The most events.</summary>
    public int MaxEvents { get; }

    /// <summary>The most bytes of lines, before they are compressed.</summary>
    public int MaxContentBytes { get; }
}
