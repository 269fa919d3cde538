namespace K1s0.EventStore.Sync;

/// <summary>
/// Where the telling of events stopped, and which reading of the history makes up for that: one that began after the
/// stop, and came to its end. From its beginning on events are told again. Thread-safe.
/// </summary>
internal sealed class DeliveryStops
{
    // All guarded by _lock. Stops and readings are numbered by how many stops there were.
    private readonly Lock _lock = new();
    private readonly List<int> _open = [];
    private int _count;
    private int _madeUpFor;
    private DeliveryStoppedException? _last;

    /// <summary>Whether nothing is told now.</summary>
    public bool IsSilent
    {
        get
        {
            lock (_lock)
            {
                return IsSilentNow;
            }
        }
    }

    /// <summary>Why nothing is told, or what no reading has made up for yet; null otherwise.</summary>
    public DeliveryStoppedException? Last
    {
        get
        {
            lock (_lock)
            {
                return _count > _madeUpFor ? _last : null;
            }
        }
    }

    private bool IsSilentNow => _count > Math.Max(_madeUpFor, _open.Count == 0 ? 0 : _open.Max());

    /// <summary>Nothing is told until a reading begins. While nothing is told, the cause stays as it was.</summary>
    public void Add(DeliveryStoppedException stop)
    {
        lock (_lock)
        {
            (_last, _count) = (IsSilentNow ? _last : stop, _count + 1);
        }
    }

    /// <summary>A reading begins.</summary>
    /// <returns>Which; for its end.</returns>
    public int BeginReading()
    {
        lock (_lock)
        {
            _open.Add(_count);
            return _count;
        }
    }

    public void EndReading(int reading, bool isWhole)
    {
        lock (_lock)
        {
            _open.Remove(reading);
            _madeUpFor = isWhole ? Math.Max(_madeUpFor, reading) : _madeUpFor;
        }
    }
}
