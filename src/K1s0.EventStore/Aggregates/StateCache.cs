using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// The states that a process remembers, the least recently used one leaving first. A state that can change is kept as
/// bytes, so nothing that happens to an object which was handed out reaches it. Thread-safe.
/// </summary>
internal sealed class StateCache<TState>(AggregateOptions<TState> options)
{
    // All guarded by _lock. The most recently used stands first.
    private readonly Lock _lock = new();
    private readonly Dictionary<StreamId, LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _order = [];

    // Nothing can be kept when states change and nobody says how to write them down.
    private readonly bool _isOff = options.CacheCapacity == 0 || (!options.StatesNeverChange && options.Format is null);

    public StartingPoint<TState>? Find(StreamId streamId)
    {
        Entry entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(streamId, out var node))
            {
                return null;
            }

            _order.Remove(node);
            _order.AddFirst(node);
            entry = node.Value;
        }

        return new StartingPoint<TState>(
            entry.Version,
            entry.ChainHash,
            () => entry.StateUtf8 is { } bytes ? options.Format!.Deserialize(bytes) : entry.State!);
    }

    /// <summary>Remembers a state that nobody but the fold has touched.</summary>
    public void Keep(StreamId streamId, long version, Sha256Digest chainHash, TState state)
    {
        if (_isOff)
        {
            return;
        }

        var bytes = options.StatesNeverChange ? null : options.Format!.Serialize(state);
        if (bytes?.Length > options.MaxCachedStateBytes)
        {
            Forget(streamId);
            return;
        }

        var entry = new Entry(streamId, version, chainHash, bytes, bytes is null ? state : default);
        lock (_lock)
        {
            if (_entries.TryGetValue(streamId, out var node))
            {
                // Somebody who read later may have been here first.
                if (node.Value.Version <= version)
                {
                    node.Value = entry;
                }

                return;
            }

            if (_entries.Count == options.CacheCapacity)
            {
                _entries.Remove(_order.Last!.Value.StreamId);
                _order.RemoveLast();
            }

            _entries.Add(streamId, _order.AddFirst(entry));
        }
    }

    public void Forget(StreamId streamId)
    {
        lock (_lock)
        {
            if (_entries.Remove(streamId, out var node))
            {
                _order.Remove(node);
            }
        }
    }

    private sealed record Entry(
        StreamId StreamId, long Version, Sha256Digest ChainHash, byte[]? StateUtf8, TState? State);
}
