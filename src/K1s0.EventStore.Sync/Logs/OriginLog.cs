using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>What a replica keeps of an origin's log in memory: its end.</summary>
internal sealed class OriginLog(Origin origin)
{
    private readonly OriginHead? _beginsBehind;
    private Sha256Digest _hash = SyncEvent.Genesis(origin);
    private HybridTime _time;
    private VectorClock _context = VectorClock.Empty;

    public OriginLog(OriginHead head)
        : this(head.Last.Origin) =>
        (Sequence, _hash, _time, _context, WasAdopted, _beginsBehind) =
            (head.Last.Sequence, head.Hash, head.Time, head.Context, head.WasAdopted, head.BeginsBehind);

    public long Sequence { get; private set; }

    public bool WasAdopted { get; }

    public VectorClock Context => _context;

    public OriginHead Head => new(new Dot(origin, Sequence), _hash, _time, _context)
    {
        WasAdopted = WasAdopted,
        BeginsBehind = _beginsBehind,
    };

    public Sha256Digest Hash => _hash;

    /// <summary>Whether the event can be the next one, its causes aside.</summary>
    public Admission Check(SyncEvent next) =>
        next.Previous != _hash ? Admission.Forked
        : next.Time <= _time ? Admission.ClockRunsBackwards
        : Admission.Delivered;

    public DeliveredEvent Append(SyncEvent next)
    {
        (Sequence, _hash, _time) = (next.Dot.Sequence, next.Hash, next.Time);
        _context = _context.Merge(next.Observed);
        return new DeliveredEvent(next, _context);
    }
}
