namespace K1s0.EventStore;

/// <summary>The order in which the store in memory lists its streams: by type, then by id, ordinally.</summary>
internal sealed class StreamOrder : IComparer<StreamId>
{
    public static StreamOrder Instance { get; } = new();

    public int Compare(StreamId? x, StreamId? y) =>
        string.CompareOrdinal(x?.AggregateType, y?.AggregateType) is var types and not 0
            ? types
            : string.CompareOrdinal(x?.AggregateId, y?.AggregateId);
}
