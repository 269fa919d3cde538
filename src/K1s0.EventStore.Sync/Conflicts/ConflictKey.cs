namespace K1s0.EventStore.Sync;

/// <summary>What two events must both touch to be in conflict: a stream, or one property of it.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Property">The property; null for the stream as a whole.</param>
public sealed record ConflictKey(StreamId Stream, string? Property = null)
{
    /// <summary>Stream and property, for people.</summary>
    public override string ToString() => Property is null ? Stream.ToString() : $"{Stream}.{Property}";
}
