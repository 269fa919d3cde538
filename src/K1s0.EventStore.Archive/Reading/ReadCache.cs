using System.Diagnostics.CodeAnalysis;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Keeps what was read last, up to a number of bytes. What is larger than all of it is not kept. Thread-safe.
/// </summary>
internal sealed class ReadCache(long maxBytes)
{
    // All guarded by _lock. The first of the list was used last.
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Key, long Part), LinkedListNode<Entry>> _entries = [];
    private readonly LinkedList<Entry> _order = [];
    private long _bytes;

    public bool TryGet<TValue>(string key, long part, [NotNullWhen(true)] out TValue? value)
        where TValue : class
    {
        lock (_lock)
        {
            if (_entries.TryGetValue((key, part), out var node))
            {
                _order.Remove(node);
                _order.AddFirst(node);
                value = (TValue)node.Value.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    public void Add(string key, long part, object value, long bytes)
    {
        lock (_lock)
        {
            if (bytes > maxBytes || _entries.ContainsKey((key, part)))
            {
                return;
            }

            _entries[(key, part)] = _order.AddFirst(new Entry((key, part), value, bytes));
            _bytes += bytes;
            while (_bytes > maxBytes)
            {
                var last = _order.Last!;
                _order.RemoveLast();
                _entries.Remove(last.Value.Id);
                _bytes -= last.Value.Bytes;
            }
        }
    }

    private sealed record Entry((string Key, long Part) Id, object Value, long Bytes);
}
