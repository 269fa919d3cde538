namespace K1s0.EventStore.Sync;

/// <summary>The limits of a replica. Read when the replica is made; changing them later changes nothing.</summary>
public sealed class ReplicaOptions
{
    /// <summary>The highest value of <see cref="MaxOrigins"/>: 16,384. One event can name all of them.</summary>
    public const int MostOrigins = 16_384;

    /// <summary>The most origins whose logs are kept, 1 to 16,384.</summary>
    /// <value>4,096 by default.</value>
    public int MaxOrigins { get; set; } = 4_096;

    /// <summary>The most events that wait for others, 0 to 1,000,000.</summary>
    /// <value>2,048 by default.</value>
    public int MaxWaitingEvents { get; set; } = 2_048;

    /// <summary>The most bytes of events that wait (<see cref="SyncEvent.Size"/>), 0 to 1 GiB.</summary>
    /// <value>4 MiB by default.</value>
    public long MaxWaitingBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>
    /// Whether a log that was read from storage may be continued before somebody has confirmed its end. Where a disk
    /// can be cloned or restored, that gives a dot to two events.
    /// </summary>
    /// <value>False by default.</value>
    public bool ContinueUnwitnessed { get; set; }

    internal ReplicaOptions Checked()
    {
        Range(MaxOrigins, 1, MostOrigins, nameof(MaxOrigins));
        Range(MaxWaitingEvents, 0, 1_000_000, nameof(MaxWaitingEvents));
        Range(MaxWaitingBytes, 0, 1024 * 1024 * 1024, nameof(MaxWaitingBytes));
        return (ReplicaOptions)MemberwiseClone();
    }

    private static void Range(long value, long least, long most, string name)
    {
        if (value < least || value > most)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} to {most}.");
        }
    }
}
