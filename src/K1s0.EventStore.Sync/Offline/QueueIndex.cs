namespace K1s0.EventStore.Sync;

/// <summary>The entries of a queue, found by number, by any of their ids, and by the last of a key.</summary>
internal sealed class QueueIndex
{
    private const int MaxDone = 20_000;

    private readonly SortedDictionary<long, QueueEntry> _byNumber = [];
    private readonly Dictionary<Guid, long> _byId = [];
    private readonly Dictionary<string, long> _lastOfKey = new(StringComparer.Ordinal);
    private readonly Queue<Guid> _done = new();
    private readonly HashSet<Guid> _isDone = [];

    public int Count => _byNumber.Count;

    public int Dead { get; private set; }

    public long Bytes { get; private set; }

    public long NextNumber { get; private set; } = 1;

    /// <summary>By number, ascending.</summary>
    public IEnumerable<QueueEntry> All => _byNumber.Values;

    public QueueContents Contents => new([.. _byNumber.Values], [.. _done]);

    /// <summary>Whether an operation was done with lately.</summary>
    public bool IsDone(Guid id) => _isDone.Contains(id);

    public QueueEntry? Find(long number) => _byNumber.GetValueOrDefault(number);

    /// <summary>The entry that carries an operation, also when it was merged with others.</summary>
    public QueueEntry? FindById(Guid id) => _byId.TryGetValue(id, out var number) ? Find(number) : null;

    /// <summary>The last operation that was queued for a key; null when that is done with.</summary>
    public QueueEntry? FindLast(string key) => _lastOfKey.TryGetValue(key, out var number) ? Find(number) : null;

    public void Fill(QueueContents contents)
    {
        _done.Clear();
        _isDone.Clear();
        _byNumber.Clear();
        _byId.Clear();
        _lastOfKey.Clear();
        (Dead, Bytes) = (0, 0);
        foreach (var entry in contents.Entries)
        {
            Add(entry);
        }

        foreach (var id in contents.Done)
        {
            Remember(id);
        }
    }

    public void Apply(QueueChange change)
    {
        var before = Find(change.Number);
        if (before is not null)
        {
            Remove(before);
        }

        if (change.Apply(before) is { } after)
        {
            Add(after);
        }
        else if (before is not null)
        {
            Remember(before.Operation.Id);
            foreach (var id in before.Operation.Absorbed)
            {
                Remember(id);
            }
        }
    }

    private void Remember(Guid id)
    {
        if (_isDone.Add(id))
        {
            _done.Enqueue(id);
        }

        if (_done.Count > MaxDone)
        {
            _isDone.Remove(_done.Dequeue());
        }
    }

    private void Add(QueueEntry entry)
    {
        _byNumber.Add(entry.Number, entry);
        _byId[entry.Operation.Id] = entry.Number;
        foreach (var id in entry.Operation.Absorbed)
        {
            _byId[id] = entry.Number;
        }

        _lastOfKey[entry.Operation.Key] = Math.Max(entry.Number, _lastOfKey.GetValueOrDefault(entry.Operation.Key));
        NextNumber = Math.Max(NextNumber, entry.Number + 1);
        Dead += entry.IsDead ? 1 : 0;
        Bytes += entry.Operation.Size;
    }

    private void Remove(QueueEntry entry)
    {
        _byNumber.Remove(entry.Number);
        _byId.Remove(entry.Operation.Id);
        foreach (var id in entry.Operation.Absorbed)
        {
            _byId.Remove(id);
        }

        if (_lastOfKey.GetValueOrDefault(entry.Operation.Key) == entry.Number)
        {
            _lastOfKey.Remove(entry.Operation.Key);
        }

        Dead -= entry.IsDead ? 1 : 0;
        Bytes -= entry.Operation.Size;
    }
}
