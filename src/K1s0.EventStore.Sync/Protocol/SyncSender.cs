namespace K1s0.EventStore.Sync;

/// <summary>The half of a round that sends: what the peer lacks, in pages, no further ahead than its window.</summary>
internal sealed class SyncSender(
    Replica replica,
    SyncOptions options,
    Outbox outbox,
    Handshake handshake,
    PeerRights rights,
    LogDamage? damage = null)
{
    private readonly WithheldEvents _withheld = new(rights);
    private readonly Queue<(int Bytes, int Events)> _unconfirmed = new();
    private readonly HashSet<Origin> _forks = [];
    private readonly HashSet<Origin> _ahead = [];
    private Dictionary<Origin, ulong> _theirHashes = [];
    private VectorClock _theirs = VectorClock.Empty;
    private VectorClock _after = VectorClock.Empty;
    private VectorClock _upTo = VectorClock.Empty;
    private long _unconfirmedBytes;
    private long _framesConfirmed;
    private long _eventsAnswered;
    private bool _isReading;
    private bool _hasSaidDone;
    private bool _mayBeDone;

    public long EventsConfirmed { get; private set; }

    /// <summary>Whether the peer has taken every event that it is done with.</summary>
    public bool HasAllConfirmed => EventsConfirmed == _eventsAnswered;

    /// <summary>Whether the peer was not given something that it lacks.</summary>
    public bool HasWithheld => _withheld.IsAny;

    /// <summary>Origins of whose logs the peer holds another version.</summary>
    public IReadOnlyCollection<Origin> Forks => _forks;

    /// <summary>Origins of which events were sent that are of the future by the clock here.</summary>
    public IReadOnlyCollection<Origin> Ahead => _ahead;

    public bool IsOver => _hasSaidDone && _unconfirmed.Count == 0;

    private bool HasAll => _after.Covers(_upTo);

    public void Begin(VectorClock mine, VectorClock theirs, Dictionary<Origin, ulong> theirHashes)
    {
        (_theirs, _theirHashes) = (theirs, theirHashes);
        var lacking = new List<Dot>();
        var now = replica.Clock;
        foreach (var dot in mine.Entries)
        {
            // A log that has grown since the vector was told has another hash at its end; the next round compares it.
            var known = theirs[dot.Origin];
            if (known < dot.Sequence)
            {
                AddLacking(dot, known, lacking);
            }
            else if (known == dot.Sequence
                && now[dot.Origin] == dot.Sequence
                && theirHashes.TryGetValue(dot.Origin, out var hash))
            {
                Compare(dot, hash);
            }
        }

        (_after, _upTo) = (theirs, VectorClock.Of([.. lacking]));
        if (theirs[replica.Self] > now[replica.Self])
        {
            replica.Witness(theirs[replica.Self], isOurs: true);
        }

        Continue();
    }

    /// <summary>Whether damage holds back what the peer lacks.</summary>
    public bool IsHeldBack { get; private set; }

    /// <summary>Nothing is asked of the peer any more, so that it may be told that all is done.</summary>
    public void AllowDone()
    {
        _mayBeDone = true;
        Continue();
    }

    // What is damaged cannot be sent, nor what builds on it.
    private void AddLacking(Dot dot, long known, List<Dot> lacking)
    {
        var whole = damage?.WholeUpTo(dot) ?? dot.Sequence;
        IsHeldBack |= whole < dot.Sequence;
        if (known < whole)
        {
            lacking.Add(dot with { Sequence = whole });
        }
    }

    // Only what was compared is confirmed: a log that stands as at a checkpoint was not told again.
    private void Compare(Dot end, ulong theirHash)
    {
        var isOurs = theirHash == VectorFrame.ShortHash(replica.HashOf(end.Origin));
        if (!isOurs)
        {
            _forks.Add(end.Origin);
        }

        if (end.Origin == replica.Self)
        {
            replica.Witness(end.Sequence, isOurs);
        }
    }

    public void Read(IReadOnlyList<SyncEvent> events)
    {
        if (!_isReading)
        {
            throw new InvalidOperationException("Nothing was to be read.");
        }

        _isReading = false;
        var after = _after;
        foreach (var next in events)
        {
            if (next.Dot.Sequence != after[next.Dot.Origin] + 1 || !_upTo.Covers(next.Dot))
            {
                outbox.End(SyncEndReason.StoreIncomplete, $"the store gave {next.Dot} where another was to come.");
                return;
            }

            CheckFork(next);
            if (replica.Time.Check(next.Time) is ClockReading.TooFarAhead)
            {
                _ahead.Add(next.Dot.Origin);
            }

            after = after.Observe(next.Dot);
        }

        if (events.Count == 0 && !HasAll)
        {
            outbox.End(SyncEndReason.StoreIncomplete, "the store has fewer events than its heads say.");
            return;
        }

        _after = after;
        Send([.. events.Where(next =>
            !_forks.Contains(next.Dot.Origin) && !_withheld.Withholds(next, _theirs))]);
        Continue();
    }

    /// <summary>The peer says how many frames it is done with, and how many of their events it has durably.</summary>
    public void Confirmed(long frames, long events)
    {
        // One that confirms nothing would hold the session for as long as it is repeated.
        if (frames <= _framesConfirmed || frames - _framesConfirmed > _unconfirmed.Count)
        {
            outbox.Broken($"{frames} frames are confirmed, which were not sent.");
            return;
        }

        for (; _framesConfirmed < frames; _framesConfirmed++)
        {
            var (bytes, sent) = _unconfirmed.Dequeue();
            _unconfirmedBytes -= bytes;
            _eventsAnswered += sent;
        }

        if (events < EventsConfirmed || events > _eventsAnswered)
        {
            outbox.Broken($"{events} events are confirmed, which were not sent.");
            return;
        }

        EventsConfirmed = events;
        Continue();
    }

    // The first event that the peer lacks names the one that it should have.
    private void CheckFork(SyncEvent next)
    {
        var origin = next.Dot.Origin;
        var known = _theirs[origin];
        if (next.Dot.Sequence != known + 1 || known == 0 || !_theirHashes.TryGetValue(origin, out var hash))
        {
            return;
        }

        var isOurs = hash == VectorFrame.ShortHash(next.Previous);
        if (!isOurs)
        {
            _forks.Add(origin);
        }

        if (origin == replica.Self)
        {
            replica.Witness(known, isOurs);
        }
    }

    private void Send(IReadOnlyList<SyncEvent> events)
    {
        if (events.Count == 0)
        {
            return;
        }

        using var rest = EventBatchFormat.WriteRest(events);
        if (rest.Length > EventBatchFormat.MaxRestBytes && events.Count > 1)
        {
            // A page ends behind an event that may be as large as one can be.
            Send([.. events.Take(events.Count / 2)]);
            Send([.. events.Skip(events.Count / 2)]);
            return;
        }

        var bytes = outbox.Send(
            frame => EventBatchFormat.Write(frame, rest, handshake.Codec));
        _unconfirmed.Enqueue((bytes, events.Count));
        _unconfirmedBytes += bytes;
    }

    private void Continue()
    {
        if (_isReading || outbox.HasEnded)
        {
            return;
        }

        if (!HasAll)
        {
            // A page may be larger than what is left of the window; it goes when nothing else is on the way.
            if (_unconfirmed.Count == 0 || _unconfirmedBytes + options.BatchBytes <= handshake.PeerWindow)
            {
                _isReading = true;
                outbox.Add(new SyncOutput.Read(_after, _upTo, options.BatchEvents, options.BatchBytes));
            }
        }
        else if (!_hasSaidDone && _mayBeDone)
        {
            _hasSaidDone = true;
            outbox.Send(frame => DoneFrame.Write(frame, _forks));
        }
    }
}
