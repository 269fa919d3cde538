namespace K1s0.EventStore;

/// <summary>The order of events of which neither has to come first: total, and the same on every machine.</summary>
internal static class CausalTie
{
    public static IComparer<EventEnvelope> Comparer { get; } = Comparer<EventEnvelope>.Create(Compare);

    private static int Compare(EventEnvelope left, EventEnvelope right)
    {
        var order = left.OccurredAt.CompareTo(right.OccurredAt);
        order = order != 0
            ? order
            : string.CompareOrdinal(left.StreamId.AggregateType, right.StreamId.AggregateType);
        order = order != 0 ? order : string.CompareOrdinal(left.StreamId.AggregateId, right.StreamId.AggregateId);
        order = order != 0 ? order : left.Version.CompareTo(right.Version);
        return order != 0 ? order : left.Id.CompareTo(right.Id);
    }
}
