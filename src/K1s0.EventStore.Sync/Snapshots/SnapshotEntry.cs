namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>One key of a state and what stands there. The bytes must not change while somebody reads them.</summary>
/// <param name="key">1 to <see cref="SnapshotLimits.MaxKeyBytes"/> bytes.</param>
/// <param name="value">At most <see cref="SnapshotLimits.MaxValueBytes"/> bytes; may be empty.</param>
public readonly struct SnapshotEntry(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value)
{
    /// <summary>The key. Entries of a snapshot ascend by it, byte by byte, none twice.</summary>
    public ReadOnlyMemory<byte> Key { get; } = key;

    /// <summary>What stands there.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;
}
