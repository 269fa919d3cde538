namespace K1s0.EventStore.Sync;

/// <summary>
/// Events that came before their causes, each under the one cause that it waits for. Bounded by count and bytes: a
/// newcomer that does not fit is refused. That blocks nothing, because an event whose causes are there does not wait.
/// What waits is copied out of the batch that it came in, which it would keep in memory otherwise.
/// </summary>
internal sealed class WaitingEvents(int maxEvents, long maxBytes)
{
    private readonly HashSet<Dot> _dots = [];
    private readonly Dictionary<Dot, List<SyncEvent>> _byCause = [];
    private long _bytes;

    public int Count => _dots.Count;

    public Admission Add(SyncEvent waiting, Dot cause)
    {
        if (_dots.Contains(waiting.Dot))
        {
            return Admission.Waiting;
        }

        var bytes = waiting.Size;
        if (_dots.Count >= maxEvents || _bytes + bytes > maxBytes)
        {
            return Admission.NoRoomToWait;
        }

        _dots.Add(waiting.Dot);
        _bytes += bytes;
        (_byCause.TryGetValue(cause, out var others) ? others : _byCause[cause] = []).Add(waiting.Detached());
        return Admission.Waiting;
    }

    /// <summary>Forgets all; what is still wanted comes again.</summary>
    public void Clear()
    {
        _dots.Clear();
        _byCause.Clear();
        _bytes = 0;
    }

    /// <summary>Takes out what waited for an event.</summary>
    public IReadOnlyList<SyncEvent> Release(Dot cause)
    {
        if (!_byCause.Remove(cause, out var released))
        {
            return [];
        }

        foreach (var waiting in released)
        {
            _dots.Remove(waiting.Dot);
            _bytes -= waiting.Size;
        }

        return released;
    }
}
