namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// The storage of one machine. What was written and not flushed is gone after a crash. The real stores lie on top of it:
/// after a start they are filled from what is durable.
/// </summary>
internal sealed class SimulatedDisk(Random random, bool usesEventStore, TimeProvider time) : IReplicaStore
{
    private readonly List<Entry> _durable = [];
    private readonly List<Entry> _volatile = [];
    private readonly Dictionary<Origin, long> _durableEnds = [];
    private IReplicaStore _store = new InMemoryReplicaStore();

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

    /// <summary>How often another image was put on it.</summary>
    public int Restores { get; private set; }

    public VectorClock DurableClock => VectorClock.Of([.. _durableEnds.Select(end => new Dot(end.Key, end.Value))]);

    public IEnumerable<DeliveredEvent> DurableEvents => _durable.Select(entry => entry.Event).OfType<DeliveredEvent>();

    /// <summary>The machine starts: what was not flushed is gone, and the stores read what is there.</summary>
    public void Start()
    {
        (Next, IsGone) = (Fault.None, false);
        _volatile.Clear();
        _store = usesEventStore
            ? new EventStoreReplicaStore(new InMemoryEventStore(timeProvider: time), time)
            : new InMemoryReplicaStore();
        foreach (var entry in _durable)
        {
            Immediately.Get(ToStoreAsync(entry));
        }
    }

    public void CopyFrom(IReadOnlyList<Entry> image)
    {
        _durable.Clear();
        _volatile.Clear();
        _durableEnds.Clear();
        _volatile.AddRange(image);
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
        }

        _volatile.Clear();
    }

    private Task ToStoreAsync(Entry entry) => entry.Event is { } delivered
        ? _store.AppendAsync([delivered])
        : _store.WriteIdentityAsync(entry.Identity!);

    private void CheckPresence()
    {
        if (IsGone)
        {
            throw new SimulatedDiskErrorException();
        }
    }

    /// <summary>What a write left: an event, or who the replica is.</summary>
    internal sealed record Entry(DeliveredEvent? Event, ReplicaIdentity? Identity);
}
