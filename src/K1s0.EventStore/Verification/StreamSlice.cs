namespace K1s0.EventStore;

/// <summary>
/// A part of all streams, by the first bits of a hash of their names. The default value is all of them.
/// </summary>
/// <param name="Bits">How many bits of the hash say whether a stream is in it.</param>
/// <param name="Value">What they must be.</param>
internal readonly record struct StreamSlice(int Bits, uint Value)
{
    public const int MostBits = 24;

    public static uint Hash(StreamId streamId) => (uint)streamId.GetHashCode();

    public bool Contains(uint hash) => Bits == 0 || hash >> (32 - Bits) == Value;

    /// <summary>Its two halves.</summary>
    public (StreamSlice First, StreamSlice Second) Split() =>
        (new(Bits + 1, Value << 1), new(Bits + 1, (Value << 1) | 1));
}
