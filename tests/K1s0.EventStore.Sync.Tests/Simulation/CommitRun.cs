namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// Transactions over several nodes whose stores fail, whose processes die at any write, and whose calls get lost before
/// or after they have taken effect. Whatever happens, all of a transaction is done, or nothing.
/// </summary>
internal sealed class CommitRun
{
    private const string Coordinator = "coordinator";

    private readonly Random _random;
    private readonly SimulatedClock _clock = new(new Schedule());
    private readonly Dictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private readonly List<(Dictionary<string, Guid> Events, TransactionOutcome? Outcome)> _transactions = [];
    private readonly List<string> _damage = [];
    private readonly int _crashAt;
    private readonly bool _crashesAfter;
    private int _writes;
    private bool _isSafe;

    public CommitRun(ulong seed)
        : this(new Chance(seed).Work, crashAt: 0, crashesAfter: false)
    {
    }

    private CommitRun(Random random, int crashAt, bool crashesAfter)
    {
        (_random, _crashAt, _crashesAfter) = (random, crashAt, crashesAfter);
        foreach (var name in new[] { Coordinator, "berlin", "lima", "osaka" })
        {
            _nodes.Add(name, new Node(new InMemoryEventStore(timeProvider: _clock)));
        }
    }

    public void Run()
    {
        for (var left = _random.Next(3, 12); left > 0; left--)
        {
            Execute(_nodes.Keys.Where(name => !IsCoordinator(name) && _random.Next(4) > 0).ToArray());
            _clock.Error += TimeSpan.FromSeconds(_random.Next(20));
            if (_random.Next(2) == 0)
            {
                Recover();
            }
        }

        Finish();
    }

    /// <summary>One transaction, and the process that writes dies at its n-th write, for every n.</summary>
    public static int CrashAtEveryWrite()
    {
        var tried = 0;
        foreach (var crashesAfter in new[] { false, true })
        {
            for (var at = 1; ; at++, tried++)
            {
                var run = new CommitRun(new Random(1), at, crashesAfter);
                run.Execute(["berlin", "lima", "osaka"]);
                if (run._writes < at)
                {
                    break;
                }

                run.Finish();
            }
        }

        return tried;
    }

    private static bool IsCoordinator(string name) => string.Equals(name, Coordinator, StringComparison.Ordinal);

    private static StreamId Account(string name) => new("account", name);

    private void Execute(string[] participants)
    {
        if (participants.Length == 0)
        {
            return;
        }

        var events = new Dictionary<string, Guid>(StringComparer.Ordinal);
        var work = new Dictionary<string, IReadOnlyList<StreamAppend>>(StringComparer.Ordinal);
        foreach (var name in participants)
        {
            var head = Immediately.Get(_nodes[name].Store.GetHeadAsync(Account(name)));
            var booked = EventEnvelope.Create(Account(name), "booked", "{}"u8.ToArray(), timeProvider: _clock);
            var expected = _crashAt > 0 || _random.Next(6) > 0
                ? ExpectedVersion.Exactly(head.Version)
                : ExpectedVersion.Exactly(new StreamVersion(head.Version.Value + 1));
            events.Add(name, booked.Id);
            work.Add(name, [new StreamAppend(Account(name), [booked], expected)]);
        }

        TransactionOutcome? outcome = null;
        try
        {
            outcome = Immediately.Get(CoordinatorOf(_nodes[Coordinator]).ExecuteAsync(work));
        }
        catch (SimulatedCrashException)
        {
            _nodes[Coordinator].Process = null;
        }

        _transactions.Add((events, outcome));
        CheckAtomicity(isOver: false);
    }

    private void Recover()
    {
        foreach (var (name, node) in _nodes)
        {
            try
            {
                if (IsCoordinator(name))
                {
                    Immediately.Get(CoordinatorOf(node).RecoverAsync());
                }
                else
                {
                    Immediately.Get(ParticipantOf(name, node).RecoverAsync(Find));
                }
            }
            catch (SimulatedCrashException)
            {
                node.Process = null;
            }
            catch (Exception e) when (e is EventStoreException or IOException)
            {
                // Told; recovery comes again.
            }
        }
    }

    private void Finish()
    {
        _isSafe = true;
        for (var round = 0; round < 3; round++)
        {
            Recover();
        }

        CheckAtomicity(isOver: true);
        Check(_damage.Count == 0, $"there is damage: {string.Join(' ', _damage)}");
        foreach (var (name, node) in _nodes.Where(node => !IsCoordinator(node.Key)))
        {
            Check(Immediately.Get(ParticipantOf(name, node).RecoverAsync(Find)).Count == 0, $"{name} is still in doubt");
            var written = EventEnvelope.Create(Account(name), "closed", "{}"u8.ToArray(), timeProvider: _clock);
            Immediately.Get(ParticipantOf(name, node).AppendAsync(Account(name), [written]));
        }
    }

    private void CheckAtomicity(bool isOver)
    {
        foreach (var (events, outcome) in _transactions)
        {
            var done = events.Count(one => Immediately.Get(_nodes[one.Key].Store.LoadAsync(Account(one.Key)))
                .Count(stored => stored.Id == one.Value) is var times
                && (times <= 1 ? times == 1 : throw new SimulationFailedException($"{one.Key} did its part {times} times.")));
            Check(
                outcome?.Status is not TransactionStatus.Aborted || done == 0,
                $"it was aborted ({outcome?.Reason}), and {done} of {events.Count} have done it");
            Check(
                !isOver || done == 0 || done == events.Count, $"{done} of {events.Count} have done it, and that is all");
            Check(
                !isOver || outcome?.Status is not TransactionStatus.Committed || done == events.Count,
                $"it was committed, and {done} of {events.Count} have done it");
        }
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new SimulationFailedException($"transaction: {otherwise}.");
        }
    }

    private TransactionCoordinator CoordinatorOf(Node node) => (TransactionCoordinator)(node.Process ??=
        new TransactionCoordinator(Coordinator, Faulty(node), Find, timeProvider: _clock));

    private TransactionParticipant ParticipantOf(string name, Node node) => (TransactionParticipant)(node.Process ??=
        new TransactionParticipant(
            name,
            Faulty(node),
            new TransactionOptions { OnDamage = damage => _damage.Add(damage.Detail) },
            _clock));

    private FaultyEventStore Faulty(Node node) => new(node.Store, () =>
    {
        _writes++;
        if (_crashAt > 0)
        {
            return _writes != _crashAt || _isSafe ? FaultyEventStore.Fault.None
                : _crashesAfter ? FaultyEventStore.Fault.CrashAfter
                : FaultyEventStore.Fault.CrashBefore;
        }

        return _isSafe || _random.Next(8) > 0 ? FaultyEventStore.Fault.None : (FaultyEventStore.Fault)_random.Next(1, 5);
    });

    private Link? Find(string name) => _nodes.ContainsKey(name) ? new Link(this, name) : null;

    private sealed class Node(InMemoryEventStore store)
    {
        public InMemoryEventStore Store => store;

        /// <summary>What runs on it; null after it died, until somebody needs it again.</summary>
        public object? Process { get; set; }
    }

    /// <summary>The way to a node: calls get lost, and so do answers.</summary>
    private sealed class Link(CommitRun run, string name) : ITransactionPeer
    {
        public Task<TransactionVote> PrepareAsync(PreparedWork work, CancellationToken cancellationToken = default) =>
            CallAsync(peer => peer.PrepareAsync(work, cancellationToken));

        public Task DecideAsync(Guid transactionId, bool isCommit, CancellationToken cancellationToken = default) =>
            CallAsync(async peer =>
            {
                await peer.DecideAsync(transactionId, isCommit, cancellationToken);
                return true;
            });

        public Task<TransactionStatus> AskAsync(Guid transactionId, CancellationToken cancellationToken = default) =>
            CallAsync(peer => peer.AskAsync(transactionId, cancellationToken));

        private async Task<T> CallAsync<T>(Func<ITransactionPeer, Task<T>> call)
        {
            var isLossy = !run._isSafe && run._crashAt == 0;
            if (isLossy && run._random.Next(4) == 0)
            {
                throw new IOException("The call got lost.");
            }

            var node = run._nodes[name];
            try
            {
                var result = await call(IsCoordinator(name) ? run.CoordinatorOf(node) : run.ParticipantOf(name, node));
                return isLossy && run._random.Next(4) == 0 ? throw new TimeoutException("The answer got lost.") : result;
            }
            catch (SimulatedCrashException e)
            {
                node.Process = null;
                throw new IOException($"{name} died.", e);
            }
        }
    }
}
