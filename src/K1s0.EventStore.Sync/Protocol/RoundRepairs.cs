using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Sync;

/// <summary>
/// What a round asks about logs event by event, and answers: first damage is repaired, then branches are given up. One
/// question of each side is open at a time.
/// </summary>
internal sealed class RoundRepairs(
    Replica replica, LogDamage damage, Outbox outbox, ICompressionCodec codec, PeerRights? rights = null)
{
    private readonly RepairAsker _repairs = new(replica, damage, outbox, rights);
    private readonly BranchAsker _branches = new(replica, damage, outbox, rights);
    private readonly RepairAnswerer _answerer = new(outbox, codec, rights);
    private VectorClock? _theirs;

    /// <summary>Whether there is damage about which the peer may be asked, so that digests must not be equal.</summary>
    public bool HasQuestions => _repairs.HasQuestions;

    /// <summary>Whether nothing is asked any more.</summary>
    public bool IsOver => _repairs.IsOver && _branches.IsOver;

    public long EventsRepaired => _repairs.EventsRepaired;

    public long EventsRefused => _repairs.EventsRefused;

    public IReadOnlyList<AdoptedBranch> Adopted => _branches.Adopted;

    public IReadOnlyDictionary<Origin, BranchRefusal> Kept => _branches.Kept;

    public void Begin(VectorClock theirs)
    {
        _theirs = theirs;
        _repairs.Begin();
        GoOn();
    }

    /// <summary>The round is over, with these forks or without any question.</summary>
    public void End(IReadOnlyList<Origin> forks, bool isInSync)
    {
        if (isInSync)
        {
            _branches.FoundSame();
        }
        else
        {
            _branches.End(forks);
        }
    }

    /// <summary>Takes a frame; false when it is none of these, or not what the round is at.</summary>
    public bool TryTake(byte type, ref WireReader reader, bool isPeerDone)
    {
        switch (type)
        {
            case FrameType.Compare when !isPeerDone:
                _answerer.TakeCompare(ref reader);
                return true;
            case FrameType.Fetch when !isPeerDone:
                _answerer.TakeFetch(ref reader);
                return true;
            case FrameType.Compared when _repairs.IsOver:
                _branches.TakeCompared(ref reader);
                return true;
            case FrameType.Fetched when _repairs.IsOver:
                _branches.TakeFetched(ref reader);
                return true;
            case FrameType.Compared:
                _repairs.TakeCompared(ref reader);
                GoOn();
                return true;
            case FrameType.Fetched:
                _repairs.TakeFetched(ref reader);
                GoOn();
                return true;
            default:
                return false;
        }
    }

    public void LinksRead(IReadOnlyList<LogLink> links, bool isForPeer)
    {
        if (isForPeer)
        {
            _answerer.LinksRead(links);
        }
        else if (_repairs.IsOver)
        {
            _branches.LinksRead(links);
        }
        else
        {
            _repairs.LinksRead(links);
        }
    }

    public void WholeRead(IReadOnlyList<SyncEvent> events) => _answerer.WholeRead(events);

    /// <summary>What was to be put in the place of something else is durable there, or was refused.</summary>
    public void Repaired(BranchRefusal? refusal)
    {
        if (_repairs.IsOver)
        {
            _branches.Done(refusal);
        }
        else
        {
            _repairs.Repaired();
            GoOn();
        }
    }

    private void GoOn()
    {
        if (_repairs.IsOver && _theirs is { } theirs)
        {
            _theirs = null;
            _branches.Begin(theirs);
        }
    }
}
