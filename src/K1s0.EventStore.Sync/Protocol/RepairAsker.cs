namespace K1s0.EventStore.Sync;

/// <summary>
/// The half of a round that repairs the own logs: compares each part in which something is damaged with what the peer
/// has there, fetches what is whole at the peer, and takes of that only the events which the own log demands.
/// </summary>
/// <remarks>One question is open at a time. A peer that lies costs a few messages; nothing it sends replaces anything
/// but a damaged event, and that only by the event whose hash the log names.</remarks>
internal sealed class RepairAsker(
    Replica replica, LogDamage damage, Outbox outbox, PeerRights? rights = null)
{
    private readonly Queue<(Origin Origin, long First)> _windows = new();
    private readonly List<SyncEvent> _verified = [];
    private readonly LogComparison _comparison = new(outbox);
    private LogPart _part;
    private List<long> _missing = [];
    private List<long> _fetching = [];
    private State _state = State.Over;

    private enum State
    {
        Over,
        Reads,
        Compares,
        Fetches,
        Stores,
    }

    /// <summary>Whether something is damaged about which this peer may be asked.</summary>
    public bool HasQuestions => damage.Any && damage.Windows.Exists(MayAsk);

    public bool IsOver => _state is State.Over;

    public long EventsRepaired { get; private set; }

    public long EventsRefused { get; private set; }

    public void Begin()
    {
        damage.Windows.Where(MayAsk).ToList().ForEach(_windows.Enqueue);
        NextWindow();
    }

    public void LinksRead(IReadOnlyList<LogLink> links)
    {
        Expect(State.Reads);
        var whole = links.Where(link => !damage.IsDamaged(new Dot(_part.Origin, link.Sequence)));
        _state = State.Compares;
        Compared(_comparison.Begin(_part, whole));
    }

    public void TakeCompared(ref WireReader reader)
    {
        if (_state is not State.Compares)
        {
            reader.Break("nothing was compared.");
            return;
        }

        Compared(_comparison.Take(ref reader));
    }

    public void TakeFetched(ref WireReader reader)
    {
        if (_state is not State.Fetches)
        {
            reader.Break("nothing was fetched.");
            return;
        }

        var events = EventBatchFormat.Read(ref reader);
        if (reader.IsBroken)
        {
            return;
        }

        // From the end of the log: each event that comes back says which one is demanded before it.
        var asked = _fetching.Count;
        foreach (var candidate in events.OrderByDescending(one => one.Dot.Sequence))
        {
            var wasAsked = candidate.Dot.Origin == _part.Origin && _fetching.Remove(candidate.Dot.Sequence);
            if (wasAsked && damage.Demands(candidate))
            {
                _verified.Add(candidate);
            }
            else if (!wasAsked || (damage.IsDamaged(candidate.Dot) && !damage.MayBe(candidate.Dot, candidate.Hash)))
            {
                // One that another session has brought back meanwhile is no lie.
                EventsRefused++;
            }
        }

        // What was not given may have been too much for one frame; when nothing was given, the peer has nothing.
        if (_fetching.Count < asked)
        {
            _missing.AddRange(_fetching);
        }

        _fetching = [];
        if (_verified.Count == 0)
        {
            NextFetch();
            return;
        }

        _state = State.Stores;
        outbox.Add(new SyncOutput.Repair([.. _verified]));
    }

    /// <summary>The events of the open <see cref="SyncOutput.Repair"/> are durable.</summary>
    public void Repaired()
    {
        Expect(State.Stores);
        EventsRepaired += _verified.Count;
        _verified.ForEach(damage.Repaired);
        _verified.Clear();
        NextFetch();
    }

    private bool MayAsk((Origin Origin, long First) window) => rights?.MayCompare(window.Origin) is not false;

    private void NextWindow()
    {
        if (!_windows.TryDequeue(out var next))
        {
            _state = State.Over;
            return;
        }

        var end = replica.HeadOf(next.Origin).Last.Sequence;
        _part = new LogPart(next.Origin, next.First, Math.Min(end, next.First + LogDamage.WindowEvents - 1));
        _state = State.Reads;
        outbox.Add(new SyncOutput.ReadLinks(_part, IsForPeer: false));
    }

    // Null when the peer was asked.
    private void Compared(MerkleDifference? compared)
    {
        if (compared is null)
        {
            return;
        }

        var found = compared.OnlyRemote
            .Select(item => (Sequence: RepairFrames.SequenceOf(item), item.Value))
            .Where(item => damage.MayBe(new Dot(_part.Origin, item.Sequence), item.Value))
            .Select(item => item.Sequence);
        _missing = [.. found.Distinct().OrderDescending()];
        NextFetch();
    }

    private void NextFetch()
    {
        if (_missing.Count == 0)
        {
            NextWindow();
            return;
        }

        _missing.Sort((left, right) => right.CompareTo(left));
        _fetching = _missing[..Math.Min(_missing.Count, RepairFrames.MaxSequences)];
        _missing = _missing[_fetching.Count..];
        _state = State.Fetches;
        outbox.Send(frame => RepairFrames.WriteFetch(frame, _part.Origin, _fetching));
    }

    private void Expect(State state)
    {
        if (_state != state)
        {
            throw new InvalidOperationException($"The repair is not where it {state}.");
        }
    }
}
