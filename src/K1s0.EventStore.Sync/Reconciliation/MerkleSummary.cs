namespace K1s0.EventStore.Sync;

/// <summary>What one side has below a node: how many items, and the fingerprint of all of them.</summary>
internal readonly record struct MerkleSummary(long Count, Fingerprint Fingerprint)
{
    public static MerkleSummary operator +(MerkleSummary left, MerkleSummary right) =>
        new(left.Count + right.Count, left.Fingerprint + right.Fingerprint);

    public static MerkleSummary operator -(MerkleSummary left, MerkleSummary right) =>
        new(left.Count - right.Count, left.Fingerprint - right.Fingerprint);

    /// <summary>No items, and the fingerprint of none.</summary>
    public bool IsEmpty => this == default;

    /// <summary>A number of items that cannot be, or a fingerprint of nothing.</summary>
    public bool IsImpossible => Count < 0 || (Count == 0 && !IsEmpty);

    public static void Write(WireWriter writer, MerkleSummary summary)
    {
        Span<byte> bytes = stackalloc byte[Integrity.Sha256Digest.Length];
        writer.Integer((ulong)summary.Count);
        if (summary.Count > 0)
        {
            summary.Fingerprint.WriteTo(bytes);
            writer.Bytes(bytes);
        }
    }

    public static MerkleSummary Read(ref WireReader reader)
    {
        var count = reader.Int64();
        return count == 0 ? default : new MerkleSummary(count, Fingerprint.Read(ref reader));
    }
}
