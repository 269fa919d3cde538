using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// What one replica knows: the end of each origin's log, what waits for its causes, and whether its own log is whole.
/// It decides which events become part of the history and in which order, and gives its own events their dots. It reads
/// no clock but its own and does no input or output; storing what it delivers is the caller's part.
/// </summary>
/// <remarks>Not safe for several threads. An event counts as known from the moment that it is delivered: if storing it
/// fails, throw the replica away and resume from storage.</remarks>
public sealed class Replica
{
    private readonly Dictionary<Origin, OriginLog> _logs = [];
    private readonly News _news = new();
    private readonly WaitingEvents _waiting;
    private readonly ReplicaOptions _options;
    private VectorClock? _clock;

    /// <summary>A replica that nobody has known before.</summary>
    /// <param name="id">Its id, given to no other.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="options">Its limits; the defaults when null.</param>
    /// <exception cref="ArgumentException">The id is none, or a limit is out of range.</exception>
    public Replica(ReplicaId id, HybridClock time, ReplicaOptions? options = null)
        : this(new Origin(id, 0), time, options, TailStatus.Sound)
    {
    }

    private Replica(Origin self, HybridClock time, ReplicaOptions? options, TailStatus tail)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (self.Replica.IsNone)
        {
            throw new ArgumentException("A replica needs an id.", nameof(self));
        }

        _options = (options ?? new ReplicaOptions()).Checked();
        _waiting = new WaitingEvents(_options.MaxWaitingEvents, _options.MaxWaitingBytes);
        (Self, Time, Tail) = (self, time, tail);
    }

    /// <summary>The origin that it writes as.</summary>
    public Origin Self { get; private set; }

    /// <summary>Its clock.</summary>
    public HybridClock Time { get; }

    /// <summary>Whether its own log is whole, as far as it knows.</summary>
    public TailStatus Tail { get; private set; }

    /// <summary>How many events wait for their causes.</summary>
    public int WaitingEvents => _waiting.Count;

    /// <summary>Everything that it knows.</summary>
    public VectorClock Clock => _clock ??= VectorClock.Of(
        [.. _logs.Where(log => log.Value.Sequence > 0).Select(log => new Dot(log.Key, log.Value.Sequence))]);

    /// <summary>Whether <see cref="Write"/> would give an event.</summary>
    public bool CanWrite =>
        Tail is TailStatus.Sound || (Tail is TailStatus.Unwitnessed && _options.ContinueUnwitnessed);

    /// <summary>A replica that goes on with the logs that it stored.</summary>
    /// <param name="self">The origin that it wrote as.</param>
    /// <param name="heads">The end of every log in its storage.</param>
    /// <param name="time">Its clock; it is moved behind all stored events.</param>
    /// <param name="options">Its limits; the defaults when null.</param>
    /// <exception cref="ArgumentException">An origin stands there twice, or a limit is out of range.</exception>
    public static Replica Resume(
        Origin self, IEnumerable<OriginHead> heads, HybridClock time, ReplicaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(heads);
        var replica = new Replica(self, time, options, TailStatus.Unwitnessed);
        foreach (var head in heads)
        {
            replica._logs.Add(head.Last.Origin, new OriginLog(head));
            time.Follow(head.Time);
            replica.Tail = head.Last.Origin == self && head.DamagedUpTo > 0 ? TailStatus.Lost : replica.Tail;
        }

        replica.FindNews();
        return replica;
    }

    /// <summary>The end of an origin's log, as far as it is known here.</summary>
    /// <param name="origin">The origin.</param>
    public OriginHead HeadOf(Origin origin) =>
        _logs.TryGetValue(origin, out var log) ? log.Head : new OriginLog(origin).Head;

    internal Sha256Digest HashOf(Origin origin) =>
        _logs.TryGetValue(origin, out var log) ? log.Hash : SyncEvent.Genesis(origin);

    /// <summary>Tells what somebody else holds of this replica's own log.</summary>
    /// <param name="theirs">The end of our log as they hold it.</param>
    /// <param name="ours">
    /// The hash of our event of that sequence; looked at only when we have one, that is, theirs is not longer.
    /// </param>
    /// <returns>The status of the tail from now on.</returns>
    public TailStatus Witness(OriginHead theirs, Sha256Digest ours)
    {
        ArgumentNullException.ThrowIfNull(theirs);
        return theirs.Last.Origin == Self ? Witness(theirs.Last.Sequence, theirs.Hash == ours) : Tail;
    }

    /// <summary>The same, when the hashes have been compared already.</summary>
    internal TailStatus Witness(long sequence, bool isOurs)
    {
        Tail = sequence == 0 ? Tail
            : sequence > (_logs.TryGetValue(Self, out var own) ? own.Sequence : 0) ? Worse(TailStatus.Lost)
            : !isOurs ? TailStatus.Forked
            : Tail is TailStatus.Unwitnessed ? TailStatus.Sound
            : Tail;
        return Tail;
    }

    /// <summary>Takes over what is known of the tail, from a replica on the same storage in the same process.</summary>
    internal void KeepTail(TailStatus known) => Tail = known;

    /// <summary>
    /// Goes on under a new origin, whose log is empty. The way out of every status in which it may not write: what was
    /// written under the old origin stays, and what others hold of it comes back as from any other replica.
    /// </summary>
    /// <param name="draw">Draws the incarnation; a cryptographic source when null.</param>
    /// <returns>The new origin; store it before anything is written under it.</returns>
    public Origin BeginIncarnation(Func<ulong>? draw = null)
    {
        Origin next;
        do
        {
            var drawn = draw?.Invoke() ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
            next = Self with { Incarnation = drawn };
        }
        while (next.Incarnation == 0 || next == Self || _logs.ContainsKey(next));

        (Self, Tail) = (next, TailStatus.Sound);
        FindNews();
        return next;
    }

    /// <summary>Gives an event of this replica its place; it is part of the history from then on.</summary>
    /// <param name="envelope">What happened.</param>
    /// <exception cref="InvalidEventException">The event breaks a rule that some replica would enforce.</exception>
    /// <exception cref="InvalidOperationException"><see cref="CanWrite"/> is false.</exception>
    /// <exception cref="ClockAheadException">
    /// The last event's time is more than <see cref="HybridClock.MaxDrift"/> ahead of the wall clock.
    /// </exception>
    public DeliveredEvent Write(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        EnvelopeRules.Check(envelope);
        return WriteChecked(envelope);
    }

    /// <summary>The same, for an event that was checked already.</summary>
    internal DeliveredEvent WriteChecked(EventEnvelope envelope)
    {
        if (!CanWrite)
        {
            throw new InvalidOperationException(
                $"The end of the log of {Self} is {Tail}: its next dot may be taken. Synchronise, or begin an "
                + "incarnation.");
        }

        if (Time.Check(Time.Last) is ClockReading.TooFarAhead)
        {
            // It would carry that time on, and peers would refuse it and all that follows for as long.
            throw new ClockAheadException(Time.AheadBy(Time.Last), Time.MaxDrift);
        }

        var log = LogOf(Self);
        var dot = new Dot(Self, log.Sequence + 1);
        return Deliver(log, SyncEvent.Create(dot, Time.Next(), log.Hash, _news.Take(), envelope));
    }

    /// <summary>Looks at an event that came from elsewhere.</summary>
    /// <param name="candidate">The event.</param>
    /// <param name="delivered">
    /// Gets what became part of the history: the event and what had waited for it, causes first.
    /// </param>
    /// <returns>What became of the event itself.</returns>
    public Admission Admit(SyncEvent candidate, ICollection<DeliveredEvent> delivered)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(delivered);
        var outcome = Place(candidate, delivered);
        if (outcome is Admission.Delivered)
        {
            // Breadth first, so that a long row of events that waited for each other takes no deep stack.
            var released = new Queue<SyncEvent>(_waiting.Release(candidate.Dot));
            while (released.TryDequeue(out var next))
            {
                if (Place(next, delivered) is Admission.Delivered)
                {
                    foreach (var follower in _waiting.Release(next.Dot))
                    {
                        released.Enqueue(follower);
                    }
                }
            }
        }

        return outcome;
    }

    /// <summary>Takes the ends of logs from the store: it refused events, or has others in their places.</summary>
    internal void ReadAnew(HashSet<Origin> origins, IEnumerable<OriginHead> stored)
    {
        origins.ToList().ForEach(origin => _logs.Remove(origin));
        foreach (var head in stored.Where(head => origins.Contains(head.Last.Origin)))
        {
            _logs[head.Last.Origin] = new OriginLog(head);
            Time.Follow(head.Time);
        }

        _waiting.Clear();
        _clock = null;
        FindNews();
    }

    private Admission Place(SyncEvent candidate, ICollection<DeliveredEvent> delivered)
    {
        var origin = candidate.Dot.Origin;
        var known = _logs.TryGetValue(origin, out var log) ? log.Sequence : 0;
        if (candidate.Dot.Sequence <= known)
        {
            return candidate.Dot.Sequence == known && candidate.Hash != log!.Hash ? Fork(origin) : Admission.Duplicate;
        }

        if (origin == Self)
        {
            // Nobody but us writes this log, and yet it is longer elsewhere.
            Tail = Worse(TailStatus.Lost);
        }

        if (Time.Check(candidate.Time) is ClockReading.TooFarAhead)
        {
            return Admission.ClockTooFarAhead;
        }

        if (log is null && _logs.Count >= _options.MaxOrigins)
        {
            return Admission.TooManyOrigins;
        }

        if (candidate.Dot.Sequence > known + 1)
        {
            return _waiting.Add(candidate, candidate.Dot with { Sequence = candidate.Dot.Sequence - 1 });
        }

        log ??= new OriginLog(origin);
        if (log.Check(candidate) is var check and not Admission.Delivered)
        {
            return check is Admission.Forked ? Fork(origin) : check;
        }

        foreach (var cause in candidate.Observed.Entries)
        {
            if (!_logs.TryGetValue(cause.Origin, out var causes) || causes.Sequence < cause.Sequence)
            {
                // Its writer has seen more of our log than we have.
                Tail = cause.Origin == Self ? Worse(TailStatus.Lost) : Tail;
                return _waiting.Add(candidate, cause);
            }
        }

        _logs[origin] = log;
        Time.Follow(candidate.Time);
        delivered.Add(Deliver(log, candidate));
        return Admission.Delivered;
    }

    private DeliveredEvent Deliver(OriginLog log, SyncEvent next)
    {
        if (next.Dot.Origin != Self)
        {
            _news.Add(next.Dot);
        }

        _clock = null;
        return log.Append(next);
    }

    private Admission Fork(Origin origin)
    {
        Tail = origin == Self ? TailStatus.Forked : Tail;
        return Admission.Forked;
    }

    private TailStatus Worse(TailStatus found) => Tail is TailStatus.Forked ? Tail : found;

    private OriginLog LogOf(Origin origin) =>
        _logs.TryGetValue(origin, out var log) ? log : _logs[origin] = new OriginLog(origin);

    private void FindNews() => _news.Find(
        Self,
        _logs.Select(log => new Dot(log.Key, log.Value.Sequence)),
        _logs.TryGetValue(Self, out var own) ? own.Context : VectorClock.Empty);
}
