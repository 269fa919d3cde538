namespace K1s0.EventStore;

/// <summary>What a read from the archive cost.</summary>
/// <param name="Partitions">How many partitions (<c>events/yyyy/MM/dd/HH/</c>) were looked into.</param>
/// <param name="Batches">How many batches.</param>
/// <param name="Frames">How many frames of them.</param>
/// <param name="BytesFetched">The bytes that came from the object store; what was cached costs none.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record ArchiveScan(int Partitions, int Batches, int Frames, long BytesFetched, TimeSpan Elapsed)
{
    /// <summary>Nothing was read.</summary>
    public static ArchiveScan None { get; } = new(0, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Both together, one after the other; a partition that both looked into counts twice.</summary>
    /// <param name="other">Another one.</param>
    public ArchiveScan Plus(ArchiveScan other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new ArchiveScan(
            Partitions + other.Partitions,
            Batches + other.Batches,
            Frames + other.Frames,
            BytesFetched + other.BytesFetched,
            Elapsed + other.Elapsed);
    }
}
