using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The half of a round that gives up branches: compares each log that is marked with that of the peer, from its end
/// here to the first event that differs, fetches from there what the peer has in the places of what is here, and has it
/// adopted when the peer's branch wins. What the peer has behind that comes as any other event.
/// </summary>
/// <remarks>
/// Asks with the frames of <see cref="RepairFrames"/>, after the repairs, one question at a time. The clock never gets
/// smaller: of no log less is known than before, so nothing that builds on it has to go. As soon as a peer turned out
/// to have another branch, the log is not marked any more, whatever comes of that: what cannot succeed is asked for
/// once.
/// </remarks>
internal sealed class BranchAsker(Replica replica, LogDamage damage, Outbox outbox, PeerRights? rights)
{
    /// <summary>The longest branch that is given up: 16,384 events.</summary>
    public const int MaxEvents = 16_384;

    /// <summary>The most bytes of what comes instead: 32 MiB.</summary>
    public const long MaxBytes = 32 * 1024 * 1024;

    private readonly Queue<Origin> _origins = new();
    private readonly List<AdoptedBranch> _adopted = [];
    private readonly Dictionary<Origin, BranchRefusal> _kept = [];
    private readonly List<Origin> _shorter = [];
    private readonly BranchPages _pages = new();
    private readonly LogComparison _comparison = new(outbox);
    private VectorClock _theirs = VectorClock.Empty;
    private OriginHead? _head;
    private LogPart _part;
    private State _state = State.Over;

    private enum State
    {
        Over,
        Reads,
        Compares,
        Fetches,
        Adopts,
    }

    public bool IsOver => _state is State.Over;

    public IReadOnlyList<AdoptedBranch> Adopted => _adopted;

    /// <summary>What was not given up, and why.</summary>
    public IReadOnlyDictionary<Origin, BranchRefusal> Kept => _kept;

    /// <summary>The round is over: of the logs of which the peer has less some are forked.</summary>
    public void End(IReadOnlyList<Origin> forks)
    {
        foreach (var origin in _shorter.Where(forks.Contains))
        {
            _kept.TryAdd(origin, BranchRefusal.WinsHere);
            damage.Branches.FoundOther(origin);
        }
    }

    /// <summary>Nothing was asked, because the peer has the same of every log.</summary>
    public void FoundSame() => damage.Branches.Origins
        .Where(origin => rights?.MayCompare(origin) is not false).ToList().ForEach(damage.Branches.FoundSame);

    public void Begin(VectorClock theirs)
    {
        _theirs = theirs;
        damage.Branches.Origins.ForEach(_origins.Enqueue);
        NextOrigin();
    }

    public void LinksRead(IReadOnlyList<LogLink> links)
    {
        Expect(State.Reads);
        if (links.Count != _part.Last - _part.First + 1)
        {
            Keep(BranchRefusal.Damaged);
            return;
        }

        _state = State.Compares;
        Compared(_comparison.Begin(_part, links));
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

        if (_pages.Take(_part.Origin, events))
        {
            NextFetch();
        }
        else
        {
            Refuse(BranchRefusal.NotGiven);
        }
    }

    /// <summary>The open <see cref="SyncOutput.Adopt"/> is durable, or was refused.</summary>
    public void Done(BranchRefusal? refusal)
    {
        Expect(State.Adopts);
        damage.Branches.FoundOther(_part.Origin);
        if (refusal is { } reason)
        {
            Keep(reason);
            return;
        }

        _adopted.Add(new AdoptedBranch(_part.Origin, _pages.First, _head!.Last.Sequence));
        NextOrigin();
    }

    private void NextOrigin()
    {
        _pages.Clear();
        while (_origins.TryDequeue(out var origin))
        {
            _head = replica.HeadOf(origin);
            var end = _head.Last.Sequence;
            if (rights?.MayCompare(origin) is false || _theirs[origin] == 0)
            {
                continue;
            }

            if (_theirs[origin] < end)
            {
                _shorter.Add(origin);
            }
            else if (LogBeginnings.UpTo(_head) == end)
            {
                _kept[origin] = BranchRefusal.BeginsLater;
            }
            else if (damage.WholeUpTo(_head.Last) < end)
            {
                _kept[origin] = BranchRefusal.Damaged;
            }
            else
            {
                Read(origin, end);
                return;
            }
        }

        _state = State.Over;
    }

    private void Read(Origin origin, long last)
    {
        _part = new LogPart(origin, Math.Max(LogDamage.WindowOf(last), LogBeginnings.UpTo(_head!) + 1), last);
        _state = State.Reads;
        outbox.Add(new SyncOutput.ReadLinks(_part, IsForPeer: false));
    }

    // Null when the peer was asked.
    private void Compared(MerkleDifference? found)
    {
        if (found is null)
        {
            return;
        }

        var isEnd = _part.Last == _head!.Last.Sequence;
        if (found is { IsComplete: true, OnlyLocal.Count: 0, OnlyRemote.Count: 0 })
        {
            // The same here as there: the branches part behind it, or the log is not forked between these two.
            (isEnd ? (Action)Same : Fetch)();
        }
        else if (!found.IsComplete || !_pages.Expect(_part, found))
        {
            Keep(BranchRefusal.NotGiven);
        }
        else if (isEnd && !Wins(_pages.HashOf(_part.Last)))
        {
            Refuse(BranchRefusal.WinsHere);
        }
        else if (_head.Last.Sequence - _pages.First >= MaxEvents)
        {
            Refuse(BranchRefusal.TooLong);
        }
        else if (_pages.First == _part.First && _part.First > LogBeginnings.UpTo(_head) + 1)
        {
            Read(_part.Origin, _part.First - 1);
        }
        else
        {
            Fetch();
        }
    }

    // The same on every replica, whoever asks whom.
    private bool Wins(Sha256Digest theirs) => _theirs[_part.Origin] > _head!.Last.Sequence
        || theirs.ToArray().AsSpan().SequenceCompareTo(_head.Hash.ToArray()) > 0;

    private void Fetch()
    {
        _pages.BeginFetching();
        NextFetch();
    }

    private void NextFetch()
    {
        if (_pages.Bytes > MaxBytes)
        {
            Refuse(BranchRefusal.TooLong);
        }
        else if (_pages.NextFetch() is { Count: > 0 } wanted)
        {
            _state = State.Fetches;
            outbox.Send(frame => RepairFrames.WriteFetch(frame, _part.Origin, wanted));
        }
        else if (_pages.TryJoin() is not { } branch)
        {
            Refuse(BranchRefusal.NotGiven);
        }
        else if (BranchRules.Check(branch, replica, rights) is { } reason)
        {
            Refuse(reason);
        }
        else
        {
            _state = State.Adopts;
            outbox.Add(new SyncOutput.Adopt(branch, _head!.Hash));
        }
    }

    private void Same()
    {
        damage.Branches.FoundSame(_part.Origin);
        NextOrigin();
    }

    // The peer has another branch, and it is not taken.
    private void Refuse(BranchRefusal reason)
    {
        damage.Branches.FoundOther(_part.Origin);
        Keep(reason);
    }

    // Nobody knows yet what the peer has.
    private void Keep(BranchRefusal reason)
    {
        _kept[_part.Origin] = reason;
        NextOrigin();
    }

    private void Expect(State state)
    {
        if (_state != state)
        {
            throw new InvalidOperationException($"No branch is where it {state}.");
        }
    }
}
