namespace K1s0.EventStore;

/// <summary>
/// Remembers the streams whose state was too large for a snapshot: folding all of their events again behind each append
/// would be for nothing. Such a stream is tried again when it is twice as long. Thread-safe.
/// </summary>
internal sealed class OversizedStates
{
    private const int MaxStreams = 10_000;

    // All guarded by _lock. The oldest one leaves first.
    private readonly Lock _lock = new();
    private readonly Dictionary<StreamId, long> _nextVersions = [];
    private readonly Queue<StreamId> _order = new();

    /// <summary>Whether the state may fit by now.</summary>
    public bool IsWorthTrying(StreamId streamId, StreamVersion version)
    {
        lock (_lock)
        {
            return !_nextVersions.TryGetValue(streamId, out var next) || version.Value >= next;
        }
    }

    /// <summary>The state did not fit.</summary>
    /// <returns>Whether that is new.</returns>
    public bool Remember(StreamId streamId, StreamVersion version)
    {
        lock (_lock)
        {
            var isNew = !_nextVersions.ContainsKey(streamId);
            _nextVersions[streamId] = version.Value * 2;
            if (isNew)
            {
                _order.Enqueue(streamId);
                if (_order.Count > MaxStreams)
                {
                    _nextVersions.Remove(_order.Dequeue());
                }
            }

            return isNew;
        }
    }
}
