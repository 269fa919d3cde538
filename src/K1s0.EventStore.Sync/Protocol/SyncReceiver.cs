namespace K1s0.EventStore.Sync;

/// <summary>The half of a round that receives: looks at each event, has it stored, and confirms it then.</summary>
internal sealed class SyncReceiver(
    Replica replica, SyncOptions options, Outbox outbox, PeerRights? rights = null)
{
    private readonly AheadReceiver _ahead = new(replica, rights);
    private readonly Queue<(int Bytes, int Delivered, int Taken)> _unstored = new();
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
    public bool IsDone { get; set; }

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

        Store(new SyncOutput.Store(delivered), frameBytes, taken);
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
            Store(new SyncOutput.Store([]) { Ahead = _ahead.Take(stubs) }, frameBytes, taken: 0);
        }
    }

    private void Store(SyncOutput.Store store, int frameBytes, int taken)
    {
        _unstored.Enqueue((frameBytes, store.Events.Count, taken));
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

    public void Stored()
    {
        var (bytes, delivered, taken) = _unstored.Dequeue();
        _unstoredBytes -= bytes;
        EventsStored += delivered;
        _framesStored++;
        _eventsTaken += taken;
        outbox.Send(frame =>
        {
            frame.Byte(FrameType.Ack);
            frame.Integer((ulong)_framesStored);
            frame.Integer((ulong)_eventsTaken);
        });
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
