namespace K1s0.EventStore.Conformance;

/// <summary>Everything that can be seen of one stream, compared by value.</summary>
public sealed record StreamState(
    bool Exists, StreamHead Head, IReadOnlyList<StoredEvent> Events, IReadOnlyList<StoredEvent> Feed)
{
    public bool Equals(StreamState? other) =>
        other is not null
        && Exists == other.Exists
        && Head == other.Head
        && Events.SequenceEqual(other.Events)
        && Feed.SequenceEqual(other.Feed);

    public override int GetHashCode() => HashCode.Combine(Exists, Head, Events.Count, Feed.Count);

    public override string ToString() =>
        $"exists: {Exists}, head: {Head}\n  stream: {Lines(Events)}\n  feed:   {Lines(Feed)}";

    private static string Lines(IReadOnlyList<StoredEvent> events) => string.Join("\n          ", events);
}
