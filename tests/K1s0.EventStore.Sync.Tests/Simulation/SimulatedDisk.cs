namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// The storage of one machine. What was written and not flushed is gone after a crash. The real stores lie on top of it:
/// after a start they are filled from what is durable.
/// </summary>
internal sealed class SimulatedDisk(Random random, bool usesEventStore, TimeProvider time) : IBranchReplicaStore
{
    private readonly List<Entry> _durable = [];
    private readonly List<Entry> _volatile = [];
    private readonly Dictionary<Origin, long> _durableEnds = [];
    private readonly HashSet<Dot> _rotten = [];
    private readonly HashSet<Dot> _everRotten = [];
    private readonly Dictionary<Dot, SyncEvent> _adopted = [];
    private IBranchReplicaStore _store = new InMemoryReplicaStore();
    private RottenEventStore? _events;

    public enum Fault
    {
        None,
        ErrorBefore,
        ErrorTorn,
        ErrorAfter,
        CrashBefore,
        CrashTorn,
        CrashAfter,
    }

    /// <summary>What happens at the next write.</summary>
    public Fault Next { get; set; }

    /// <summary>Whether nothing can be read or written.</summary>
    public bool IsGone { get; set; }

    public int DurableCount => _durable.Count;

    /// <summary>The events that cannot be read any more, and were not repaired.</summary>
    public IReadOnlySet<Dot> Rotten => _rotten;

    /// <summary>How often another image was put on it.</summary>
    public int Restores { get; private set; }

    public VectorClock DurableClock => VectorClock.Of([.. _durableEnds.Select(end => new Dot(end.Key, end.Value))]);

    public IEnumerable<DeliveredEvent> DurableEvents => _durable
        .Select(entry => entry.Event).OfType<DeliveredEvent>()
        .Select(one => _adopted.TryGetValue(one.Event.Dot, out var instead) ? one with { Event = instead } : one);

    /// <summary>The machine starts: what was not flushed is gone, and the stores read what is there.</summary>
    public void Start()
    {
        (Next, IsGone) = (Fault.None, false);
        _volatile.Clear();
        _events = usesEventStore ? new RottenEventStore(new InMemoryEventStore(timeProvider: time)) : null;
        _store = _events is null ? new InMemoryReplicaStore() : new EventStoreReplicaStore(_events, time);
        foreach (var entry in _durable)
        {
            if (entry.Rotten is { } dot)
            {
                RotInStore(dot);
            }
            else
            {
                Immediately.Get(ToStoreAsync(entry));
            }
        }
    }

    /// <summary>An event that is durable reads as another from now on.</summary>
    public void Rot(Dot dot)
    {
        _durable.Add(new Entry(null, null, Rotten: dot));
        RotInStore(dot);
        _rotten.Add(dot);
        _everRotten.Add(dot);
    }

    /// <summary>A second time it would rot under its repair, which nobody notices.</summary>
    public bool CanRot(Dot dot) => !_everRotten.Contains(dot) && !_adopted.ContainsKey(dot);

    public void CopyFrom(IReadOnlyList<Entry> image)
    {
        _durable.Clear();
        _volatile.Clear();
        _durableEnds.Clear();
        _rotten.Clear();
        _everRotten.Clear();
        _adopted.Clear();
        _volatile.AddRange(image.Where(entry => entry.Rotten is null && entry.Repairs is null));
        Flush();
        Restores++;
    }

    public bool Holds(Dot dot) => _durableEnds.GetValueOrDefault(dot.Origin) >= dot.Sequence;

    public IReadOnlyList<Entry> Image() => [.. _durable];

    public async Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default)
    {
        CheckPresence();
        return await _store.ReadIdentityAsync(cancellationToken);
    }

    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) =>
        WriteAsync([new Entry(null, identity)]);

    public async Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default)
    {
        CheckPresence();
        return await _store.ReadHeadsAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
    {
        CheckPresence();
        return await _store.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken);
    }

    public async Task<IReadOnlyList<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken = default)
    {
        CheckPresence();
        return await _store.ReadLinksAsync(origin, first, last, cancellationToken);
    }

    public async Task<IReadOnlyList<SyncEvent>> ReadWholeAsync(
        Origin origin, IReadOnlyList<long> sequences, int maxBytes, CancellationToken cancellationToken = default)
    {
        CheckPresence();
        return await _store.ReadWholeAsync(origin, sequences, maxBytes, cancellationToken);
    }

    public async Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken = default)
    {
        await WriteAsync([new Entry(null, null, events)]);
        _rotten.ExceptWith(events.Select(good => good.Dot));
    }

    public async Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken = default)
    {
        await WriteAsync([new Entry(null, null, Adopts: branch)]);
        return true;
    }

    public IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(CancellationToken cancellationToken = default)
    {
        CheckPresence();
        return _store.ReadGivenUpAsync(cancellationToken);
    }

    public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default) =>
        WriteAsync([.. events.Select(delivered => new Entry(delivered, null))]);

    private async Task WriteAsync(Entry[] entries)
    {
        CheckPresence();
        var fault = Next;
        Next = Fault.None;
        var written = fault switch
        {
            Fault.ErrorBefore or Fault.CrashBefore => 0,
            Fault.ErrorTorn or Fault.CrashTorn => random.Next(entries.Length),
            _ => entries.Length,
        };
        foreach (var entry in entries.Take(written))
        {
            await ToStoreAsync(entry);
            _volatile.Add(entry);
        }

        Flush();
        switch (fault)
        {
            case Fault.ErrorBefore or Fault.ErrorTorn or Fault.ErrorAfter:
                IsGone = random.Next(3) == 0;
                throw new SimulatedDiskErrorException();
            case Fault.CrashBefore or Fault.CrashTorn or Fault.CrashAfter:
                IsGone = true;
                throw new SimulatedCrashException();
            default:
                break;
        }
    }

    private void Flush()
    {
        foreach (var entry in _volatile)
        {
            _durable.Add(entry);
            if (entry.Event is { } delivered)
            {
                _durableEnds[delivered.Event.Dot.Origin] = delivered.Event.Dot.Sequence;
            }

            entry.Adopts?.ToList().ForEach(one => _adopted[one.Dot] = one);
        }

        _volatile.Clear();
    }

    private Task ToStoreAsync(Entry entry) =>
        entry.Event is { } delivered ? _store.AppendAsync([delivered])
        : entry.Repairs is { } repairs ? _store.RepairAsync(repairs)
        : entry.Adopts is { } branch ? _store.AdoptAsync(branch)
        : _store.WriteIdentityAsync(entry.Identity!);

    private void RotInStore(Dot dot) => _events!.Rot(OriginNames.Log(dot.Origin), dot.Sequence);

    private void CheckPresence()
    {
        if (IsGone)
        {
            throw new SimulatedDiskErrorException();
        }
    }

    /// <summary>
    /// What a write left: an event, or who the replica is, or repairs, or a branch; or what time has done to an event.
    /// </summary>
    internal sealed record Entry(
        DeliveredEvent? Event,
        ReplicaIdentity? Identity,
        IReadOnlyList<SyncEvent>? Repairs = null,
        Dot? Rotten = null,
        IReadOnlyList<SyncEvent>? Adopts = null);
}
