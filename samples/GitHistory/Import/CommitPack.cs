namespace K1s0.EventStore.Samples.GitHistory.Import;

/// <summary>What goes into one append: events of different streams, from one commit or several in a row.</summary>
internal sealed class CommitPack(int maxEvents)
{
    private readonly HashSet<StreamId> _streams = [];
    private readonly List<EventEnvelope> _events = [];
    private readonly List<CompletedCommit> _completed = [];

    /// <summary>The events in the order of their commits, each of another stream.</summary>
    public IReadOnlyList<EventEnvelope> Events => _events;

    /// <summary>The commits that are complete once this pack is stored.</summary>
    public IReadOnlyList<CompletedCommit> Completed => _completed;

    public bool IsEmpty => _events.Count == 0 && _completed.Count == 0;

    public bool HasRoomFor(IReadOnlyCollection<EventEnvelope> events) =>
        _events.Count + events.Count <= maxEvents && !events.Any(envelope => _streams.Contains(envelope.StreamId));

    public bool TryAdd(EventEnvelope envelope)
    {
        if (_events.Count == maxEvents || !_streams.Add(envelope.StreamId))
        {
            return false;
        }

        _events.Add(envelope);
        return true;
    }

    public void Complete(string commitId) => _completed.Add(new CompletedCommit(commitId, _events.Count));

    /// <param name="CommitId">The commit.</param>
    /// <param name="EventCount">How many events of the pack lie before the commit's end.</param>
    internal readonly record struct CompletedCommit(string CommitId, int EventCount);
}
