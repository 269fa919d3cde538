namespace K1s0.EventStore.Postgres;

/// <summary>
/// The heads of the streams that this process saw last, bounded. Two generations: when the young one is full it becomes
/// the old one, and what is used moves over again. Thread-safe.
/// </summary>
internal sealed class StreamHeadCache(int capacity)
{
    private readonly int _generationSize = (capacity + 1) / 2;

    // Guarded by _lock.
    private readonly Lock _lock = new();
    private Dictionary<StreamId, KnownHead> _young = [];
    private Dictionary<StreamId, KnownHead> _old = [];

    public KnownHead? Find(StreamId streamId)
    {
        lock (_lock)
        {
            if (_young.TryGetValue(streamId, out var head))
            {
                return head;
            }

            if (!_old.Remove(streamId, out head))
            {
                return null;
            }

            Add(streamId, head);
            return head;
        }
    }

    /// <summary>Remembers a head that is committed, unless a later one is known.</summary>
    public void Remember(StreamId streamId, KnownHead head)
    {
        if (_generationSize == 0)
        {
            return;
        }

        lock (_lock)
        {
            if ((_young.TryGetValue(streamId, out var known) || _old.Remove(streamId, out known))
                && known.Version > head.Version)
            {
                head = known;
            }

            Add(streamId, head);
        }
    }

    public void Forget(StreamId streamId)
    {
        lock (_lock)
        {
            _young.Remove(streamId);
            _old.Remove(streamId);
        }
    }

    private void Add(StreamId streamId, KnownHead head)
    {
        _young[streamId] = head;
        if (_young.Count >= _generationSize)
        {
            (_old, _young) = (_young, _old);
            _young.Clear();
        }
    }
}
