namespace K1s0.EventStore.Sync;

/// <summary>The half of a round that receives: looks at each event, has it stored, and confirms it then.</summary>
internal sealed class SyncReceiver(
    Replica replica, SyncOptions options, Outbox outbox, PeerRights? rights = null)
{
    private readonly AheadReceiver _ahead = new(replica, rights);
    private readonly Queue<(int Bytes, int Delivered, int Taken, List<SyncEvent> Events)> _unstored = new();
    private readonly SortedDictionary<Admission, long> _refused = [];
    private readonly HashSet<Origin> _refusedOrigins = [];
    private readonly HashSet<Origin> _forks = [];
    private long _unstoredBytes;
    private long _framesStored;
    private long _eventsTaken;

    public long EventsStored { get; private set; }

    public long EventsKnown { get; private set; }

    public IReadOnlyDictionary<Admission, long> Refused => _refused;

    public IReadOnlyCollection<Origin> Forks => _forks;

    /// <summary>Whether the peer has said that it has sent everything.</summary>
    public bool IsDone { get; private set; }

    public bool IsOver => IsDone && _unstored.Count == 0;

    /// <summary>Events that came ahead of their turn.</summary>
    public long EventsAhead => _ahead.EventsTaken;

    public void Take(ref WireReader reader, int frameBytes)
    {
        if (!IsExpected(frameBytes))
        {
            return;
        }

        var events = EventBatchFormat.Read(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        var (delivered, taken) = (new List<DeliveredEvent>(events.Count), 0);
        foreach (var candidate in events)
        {
            taken += Admit(candidate, delivered) ? 1 : 0;
        }

        Store(new SyncOutput.Store(delivered), frameBytes, taken, events);
    }

    /// <summary>Takes a frame that went ahead. Nothing of it is stored, and it is confirmed without events.</summary>
    public void TakeAhead(ref WireReader reader, int frameBytes)
    {
        if (!IsExpected(frameBytes))
        {
            return;
        }

        var stubs = EventBatchFormat.ReadAhead(ref reader);
        if (!reader.IsBroken)
        {
            Store(new SyncOutput.Store([]) { Ahead = _ahead.Take(stubs) }, frameBytes, taken: 0, []);
        }
    }

    private void Store(SyncOutput.Store store, int frameBytes, int taken, List<SyncEvent> events)
    {
        _unstored.Enqueue((frameBytes, store.Events.Count, taken, events));
        _unstoredBytes += frameBytes;
        outbox.Add(store);
    }

    private bool IsExpected(int frameBytes)
    {
        // One frame may be larger than the window, when nothing else is on the way.
        var room = options.WindowBytes + SyncOptions.MaxFrameBytes - _unstoredBytes;
        if (IsDone || (_unstored.Count > 0 && frameBytes > room))
        {
            outbox.End(SyncEndReason.Flooded, "the peer sends more events than were confirmed.");
            return false;
        }

        return true;
    }

    public void Stored(IReadOnlyList<SyncEvent> refused)
    {
        var (bytes, delivered, taken, events) = _unstored.Dequeue();
        foreach (var one in refused)
        {
            Refuse(Admission.RefusedByStore);
            _refusedOrigins.Add(one.Dot.Origin);
            taken -= taken > 0 && events.Contains(one) ? 1 : 0;
        }

        _unstoredBytes -= bytes;
        EventsStored += delivered - refused.Count;
        _framesStored++;
        _eventsTaken += taken;
        outbox.Send(frame =>
        {
            frame.Byte(FrameType.Ack);
            frame.Integer((ulong)_framesStored);
            frame.Integer((ulong)_eventsTaken);
        });
    }

    /// <summary>Origins of whose logs the peer does not have what is lacking here, but in a snapshot.</summary>
    public IReadOnlyList<Origin> BeginLater { get; private set; } = [];

    /// <summary>Events that the peer left for another round.</summary>
    public long EventsLeft { get; private set; }

    /// <summary>
    /// The peer has sent everything, but of these logs, of which it found another version here, and what it left.
    /// </summary>
    public void Done((IReadOnlyList<Origin> Forks, long Left, IReadOnlyList<Origin> BeginLater) told)
    {
        var forks = told.Forks;
        (IsDone, EventsLeft, BeginLater) = (true, told.Left, told.BeginLater);
        _forks.UnionWith(forks);
        if (forks.Contains(replica.Self))
        {
            replica.Witness(sequence: 1, isOurs: false);
        }
    }

    // Whether the event is part of the history: with those of its frame, or before.
    private bool Admit(SyncEvent candidate, List<DeliveredEvent> delivered)
    {
        var origin = candidate.Dot.Origin;
        if (_refusedOrigins.Contains(origin))
        {
            // What follows an event that was not taken cannot be taken either.
            Refuse(Admission.NoRoomToWait);
            return false;
        }

        var isKnown = replica.Clock.Covers(candidate.Dot);
        switch (isKnown || rights?.MayBring(candidate) is not false
            ? replica.Admit(candidate, delivered)
            : Admission.NotPermitted)
        {
            case Admission.Delivered:
                return true;
            case Admission.Waiting:
                return false;
            case Admission.Duplicate:
                EventsKnown++;
                return true;
            case var refused:
                Refuse(refused);
                _refusedOrigins.Add(origin);
                if (refused is Admission.Forked)
                {
                    _forks.Add(origin);
                }

                return false;
        }
    }

    private void Refuse(Admission reason) => _refused[reason] = _refused.GetValueOrDefault(reason) + 1;
}
