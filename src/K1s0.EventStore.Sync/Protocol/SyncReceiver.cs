namespace K1s0.EventStore.Sync;

/// <summary>The half of a round that receives: looks at each event, has it stored, and confirms it then.</summary>
internal sealed class SyncReceiver(Replica replica, SyncOptions options, Outbox outbox)
{
    private readonly Queue<(int Bytes, int Delivered)> _unstored = new();
    private readonly SortedDictionary<Admission, long> _refused = [];
    private readonly HashSet<Origin> _refusedOrigins = [];
    private readonly HashSet<Origin> _forks = [];
    private long _unstoredBytes;
    private long _framesStored;

    public long EventsStored { get; private set; }

    public long EventsKnown { get; private set; }

    public IReadOnlyDictionary<Admission, long> Refused => _refused;

    public IReadOnlyCollection<Origin> Forks => _forks;

    /// <summary>Whether the peer has said that it has sent everything.</summary>
    public bool IsDone { get; set; }

    public bool IsOver => IsDone && _unstored.Count == 0;

    public void Take(ref WireReader reader, int frameBytes)
    {
        // One frame may be larger than the window, when nothing else is on the way.
        var room = options.WindowBytes + SyncOptions.MaxFrameBytes - _unstoredBytes;
        if (IsDone || (_unstored.Count > 0 && frameBytes > room))
        {
            outbox.End(SyncEndReason.Flooded, "the peer sends more events than were confirmed.");
            return;
        }

        var events = EventBatchFormat.Read(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        var delivered = new List<DeliveredEvent>(events.Count);
        foreach (var candidate in events)
        {
            Admit(candidate, delivered);
        }

        _unstored.Enqueue((frameBytes, delivered.Count));
        _unstoredBytes += frameBytes;
        outbox.Add(new SyncOutput.Store(delivered));
    }

    public void Stored()
    {
        var (bytes, delivered) = _unstored.Dequeue();
        _unstoredBytes -= bytes;
        EventsStored += delivered;
        _framesStored++;
        outbox.Send(frame =>
        {
            frame.Byte(FrameType.Ack);
            frame.Integer((ulong)_framesStored);
        });
    }

    private void Admit(SyncEvent candidate, List<DeliveredEvent> delivered)
    {
        var origin = candidate.Dot.Origin;
        if (_refusedOrigins.Contains(origin))
        {
            // What follows an event that was not taken cannot be taken either.
            Refuse(Admission.NoRoomToWait);
            return;
        }

        switch (replica.Admit(candidate, delivered))
        {
            case Admission.Delivered or Admission.Waiting:
                break;
            case Admission.Duplicate:
                EventsKnown++;
                break;
            case var refused:
                Refuse(refused);
                _refusedOrigins.Add(origin);
                if (refused is Admission.Forked)
                {
                    _forks.Add(origin);
                }

                break;
        }
    }

    private void Refuse(Admission reason) => _refused[reason] = _refused.GetValueOrDefault(reason) + 1;
}
