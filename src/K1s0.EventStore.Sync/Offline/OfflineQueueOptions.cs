namespace K1s0.EventStore.Sync;

/// <summary>The limits of a queue of operations, and how it delivers. Read when the queue is opened.</summary>
public sealed class OfflineQueueOptions
{
    /// <summary>How many operations wait at most, 1 to 100,000; those that are dead count too.</summary>
    /// <value>10,000 by default.</value>
    public int MaxOperations { get; set; } = 10_000;

    /// <summary>
    /// The most bytes of all operations, by their <see cref="QueuedOperation.Size"/>, 1 KiB to 4 GiB.
    /// </summary>
    /// <value>64 MiB by default.</value>
    public long MaxBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>The most bytes of one operation, 256 to 1,000,000.</summary>
    /// <value>256 KiB by default.</value>
    public int MaxOperationBytes { get; set; } = 256 * 1024;

    /// <summary>How many operations are sent at once, 1 to 200.</summary>
    /// <value>100 by default.</value>
    public int BatchOperations { get; set; } = 100;

    /// <summary>How often the other side may fail over one operation before it is laid aside, 1 to 1,000.</summary>
    /// <value>5 by default.</value>
    public int MaxFailedAttempts { get; set; } = 5;

    /// <summary>
    /// How long a key rests after the other side failed over one of its operations, doubled each time.
    /// </summary>
    /// <value>1 second by default; at most 5 minutes.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For each kind that may be merged, what two operations say together, the older first; null when they do not go
    /// together. Only operations of one kind and key that follow each other and were never sent are merged. Drain a
    /// queue before a kind is added that it was used without.
    /// </summary>
    /// <value>Empty by default: nothing is merged.</value>
    public IDictionary<string, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?>> Merge { get; } =
        new Dictionary<string, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>?>>(
            StringComparer.Ordinal);

    /// <summary>Called when the status has changed, one call at a time; must be quick and must not throw.</summary>
    public Action<QueueStatus>? OnStatusChanged { get; set; }

    internal OfflineQueueOptions Checked()
    {
        Range(MaxOperations, 1, 100_000, nameof(MaxOperations));
        Range(MaxBytes, 1_024, 4L * 1024 * 1024 * 1024, nameof(MaxBytes));
        Range(MaxOperationBytes, 256, 1_000_000, nameof(MaxOperationBytes));
        Range(BatchOperations, 1, 200, nameof(BatchOperations));
        Range(MaxFailedAttempts, 1, 1_000, nameof(MaxFailedAttempts));
        Range((long)RetryDelay.TotalMilliseconds, 1, 300_000, nameof(RetryDelay));
        return (OfflineQueueOptions)MemberwiseClone();
    }

    private static void Range(long value, long least, long most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}.");
        }
    }
}
