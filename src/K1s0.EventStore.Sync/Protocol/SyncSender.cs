namespace K1s0.EventStore.Sync;

/// <summary>The half of a round that sends: what the peer lacks, in pages, no further ahead than its window.</summary>
internal sealed class SyncSender(
    Replica replica,
    SyncOptions options,
    Outbox outbox,
    Handshake handshake,
    PeerRights rights,
    RoundLink link,
    UnconfirmedFrames unconfirmed,
    LogDamage? damage = null)
{
    private readonly WithheldEvents _withheld = new(rights);
    private readonly List<SyncEvent> _batch = [];
    private readonly ForkFinder _forks = new(replica);
    private readonly HashSet<Origin> _tooFarAhead = [];
    private readonly HashSet<Origin> _beginLater = [];
    private VectorClock _theirs = VectorClock.Empty;
    private VectorClock _after = VectorClock.Empty;
    private VectorClock _all = VectorClock.Empty;
    private VectorClock _upTo = VectorClock.Empty;
    private CriticalFirst? _ahead;
    private long _sliceBytes;
    private bool _isReading;
    private bool _isReadingAhead;
    private bool _hasSaidDone;
    private bool _mayBeDone;

    public long EventsConfirmed => unconfirmed.EventsConfirmed;

    /// <summary>Whether the peer has taken every event that it is done with.</summary>
    public bool HasAllConfirmed => unconfirmed.HasAllConfirmed;

    /// <summary>Whether the peer was not given something that it lacks.</summary>
    public bool HasWithheld => _withheld.IsAny;

    /// <summary>Origins of whose logs the peer holds another version.</summary>
    public IReadOnlyCollection<Origin> Forks => _forks.Found;

    /// <summary>Origins of whose logs the peer lacks events that are in a snapshot here, and in no log.</summary>
    public IReadOnlyCollection<Origin> BeginLater => _beginLater;

    /// <summary>Origins of which events were sent that are of the future by the clock here.</summary>
    public IReadOnlyCollection<Origin> TooFarAhead => _tooFarAhead;

    public bool IsOver => _hasSaidDone && unconfirmed.Count == 0;

    /// <summary>Events that the peer lacks and that were left for another round.</summary>
    public long EventsLeft { get; private set; }

    private bool HasAll => EventsLeft > 0 || _after.Covers(_all);

    public void Begin(VectorClock mine, VectorClock theirs, Dictionary<Origin, ulong> theirHashes)
    {
        _theirs = theirs;
        _forks.Begin(theirs, theirHashes);
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
            else if (known == dot.Sequence && now[dot.Origin] == dot.Sequence)
            {
                _forks.Compare(dot);
            }
        }

        (_after, _all) = (theirs, VectorClock.Of([.. lacking]));
        _upTo = _withheld.IsAny ? _all : link.First(lacking, theirs);
        FollowLink();
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
        if (known < LogBeginnings.UpTo(replica.HeadOf(dot.Origin)))
        {
            // What the peer lacks first is not here. It takes a snapshot, or another peer has it.
            _withheld.Add(dot with { Sequence = known + 1 });
            _beginLater.Add(dot.Origin);
            return;
        }

        var whole = damage?.WholeUpTo(dot) ?? dot.Sequence;
        IsHeldBack |= whole < dot.Sequence;
        if (known < whole)
        {
            lacking.Add(dot with { Sequence = whole });
        }
    }

    public void Read(IReadOnlyList<SyncEvent> events)
    {
        if (!_isReading)
        {
            throw new InvalidOperationException("Nothing was to be read.");
        }

        _isReading = false;
        if (Pass(_isReadingAhead ? _ahead!.At : _after, events) is not { } after)
        {
            return;
        }

        if (_isReadingAhead)
        {
            var ahead = _ahead!.Take(events, after, _after).Where(next => !_forks.Has(next.Dot.Origin));
            _ahead.SentAhead(Send([.. ahead], isAhead: true));
        }
        else
        {
            _after = after;
            _batch.AddRange(events.Where(next =>
                !_forks.Has(next.Dot.Origin) && !_withheld.Withholds(next, _theirs)));
            SendFull();
        }

        Continue();
    }

    // Null when the store did not give what follows.
    private VectorClock? Pass(VectorClock after, IReadOnlyList<SyncEvent> events)
    {
        foreach (var next in events)
        {
            if (next.Dot.Sequence != after[next.Dot.Origin] + 1 || !_all.Covers(next.Dot))
            {
                outbox.End(SyncEndReason.StoreIncomplete, $"the store gave {next.Dot} where another was to come.");
                return null;
            }

            _forks.Check(next);
            if (replica.Time.Check(next.Time) is ClockReading.TooFarAhead)
            {
                _tooFarAhead.Add(next.Dot.Origin);
            }

            after = after.Observe(next.Dot);
        }

        if (events.Count == 0)
        {
            outbox.End(SyncEndReason.StoreIncomplete, "the store has fewer events than its heads say.");
            return null;
        }

        return after;
    }

    private void SendFull()
    {
        var bytes = _batch.Sum(next => (long)next.Size);
        if (_ahead is { OthersAreDue: true } || HasAll
            || link.Strategy.IsFull(_batch.Count, bytes, handshake.PeerWindow))
        {
            var sent = Send([.. _batch], isAhead: false);
            _batch.Clear();
            _sliceBytes += sent;
            _ahead?.SentOthers(sent);
        }
    }

    private void FollowLink()
    {
        link.Follow();
        if (_ahead is null && !_withheld.IsAny && link is { Strategy.CriticalFirst: true, MayGoAhead: true }
            && !_after.Covers(_all))
        {
            // What goes ahead follows what was sent.
            Send([.. _batch], isAhead: false);
            _batch.Clear();
            _ahead = new CriticalFirst(options.IsCritical!, _after, _all, options);
        }
    }

    /// <summary>The peer says how many frames it is done with, and how many of their events it has durably.</summary>
    public void Confirmed(long frames, long events)
    {
        unconfirmed.Confirmed(frames, events);
        if (!outbox.HasEnded)
        {
            FollowLink();
            Continue();
        }
    }

    // How many bytes it took.
    private int Send(IReadOnlyList<SyncEvent> events, bool isAhead)
    {
        if (events.Count == 0)
        {
            return 0;
        }

        using var rest = EventBatchFormat.WriteRest(events, isAhead ? _ahead!.IsHeldBack : null);
        if (rest.Length > EventBatchFormat.MaxRestBytes && events.Count > 1)
        {
            // A page ends behind an event that may be as large as one can be.
            return Send([.. events.Take(events.Count / 2)], isAhead)
                + Send([.. events.Skip(events.Count / 2)], isAhead);
        }

        if (!isAhead)
        {
            link.Sent(events, _theirs);
        }

        var type = isAhead ? FrameType.Ahead : FrameType.Events;
        var bytes = outbox.Send(frame => EventBatchFormat.Write(frame, rest, handshake.Codec, type));
        unconfirmed.Sent(bytes, isAhead ? 0 : events.Count);
        return bytes;
    }

    private void Continue()
    {
        if (_isReading || outbox.HasEnded)
        {
            return;
        }

        _isReadingAhead = _ahead is { IsOver: false, OthersAreDue: false };
        if (_ahead is { IsOver: true }
            && _sliceBytes >= Math.Max(link.Strategy.SliceBytes, _ahead.Bytes)
            && _batch.Count == 0)
        {
            EventsLeft = _all.EventsBeyond(_after);
        }

        // What is stuck at the peer comes behind all else.
        _upTo = _after.Covers(_upTo) ? _all : _upTo;
        if (!HasAll)
        {
            ReadOn();
        }
        else if (!_hasSaidDone && _mayBeDone)
        {
            _hasSaidDone = true;
            outbox.Send(frame => DoneFrame.Write(
                frame, _forks.Found, EventsLeft, handshake.KnowsBeginnings ? _beginLater : []));
        }
    }

    private void ReadOn()
    {
        // A page may be larger than what is left of the window; it goes when nothing else is on the way.
        var most = link.Strategy.BytesToRead(options, handshake.PeerWindow);
        if (unconfirmed.Count > 0 && unconfirmed.Bytes + most > handshake.PeerWindow)
        {
            return;
        }

        _isReading = true;
        outbox.Add(_isReadingAhead ? _ahead!.Read : new SyncOutput.Read(
            _after,
            _upTo,
            link.Strategy.EventsToRead(options),
            _ahead is { OthersAreDue: true } ? _ahead.BytesOfOthers : most));
    }
}
