using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Two-phase commit over nodes whose stores are their own.</summary>
public sealed class TransactionTests(ITestOutputHelper output)
{
    private readonly ManualTime _time = new(Some.Noon);
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);
    private readonly List<InDoubtTransaction> _alarms = [];
    private readonly List<TransactionDamage> _damage = [];
    private readonly InMemoryEventStore _decisions = new();
    private TransactionCoordinator? _coordinator;

    [Fact]
    [Trait("Row", "S05")]
    public async Task A_transaction_commits_on_all_nodes()
    {
        var (berlin, lima, osaka) = (Add("berlin"), Add("lima"), Add("osaka"));

        var outcome = await Coordinator().ExecuteAsync(Work("berlin", "lima", "osaka"));

        outcome.Should().Match<TransactionOutcome>(
            one => one.Status == TransactionStatus.Committed && one.IsEverywhere && one.Reason == null);
        foreach (var member in new[] { berlin, lima, osaka })
        {
            (await member.BookedAsync()).Should().Be(1);
        }
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task One_no_rolls_back_on_all_and_frees_the_streams()
    {
        var (berlin, lima) = (Add("berlin"), Add("lima"));
        await lima.Participant.AppendAsync(Account, [Booked()]);

        var outcome = await Coordinator().ExecuteAsync(Work("berlin", "lima"));

        outcome.Status.Should().Be(TransactionStatus.Aborted);
        outcome.Reason.Should().Contain("is at version 1, not");
        (await berlin.BookedAsync(), await lima.BookedAsync()).Should().Be((0, 1));
        await berlin.Participant.AppendAsync(Account, [Booked()]);
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task One_that_does_not_answer_in_time_rolls_back_on_all()
    {
        var (berlin, lima) = (Add("berlin"), Add("lima"));
        lima.IsSilent = true;
        var running = Coordinator().ExecuteAsync(Work("berlin", "lima"));
        await lima.WasAsked.WaitAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(6));

        var outcome = await running;
        (outcome.Status, outcome.Reason).Should().Be((TransactionStatus.Aborted, "lima did not answer in time."));
        lima.IsSilent = false;
        await lima.Participant.RecoverAsync(Find);
        (await berlin.BookedAsync(), await lima.BookedAsync()).Should().Be((0, 0));
    }

    [Theory]
    [Trait("Row", "S06")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_restart_of_the_coordinator_everybody_learns_what_was_decided(bool isDecided)
    {
        var (berlin, lima) = (Add("berlin"), Add("lima"));
        var first = Coordinator();
        berlin.Loses = isDecided ? "decide" : "prepare";
        var outcome = await first.ExecuteAsync(Work("berlin", "lima"));
        outcome.Status.Should().Be(isDecided ? TransactionStatus.Committed : TransactionStatus.Aborted);
        outcome.IsEverywhere.Should().BeFalse();
        if (isDecided)
        {
            await Assert.ThrowsAsync<ConcurrencyException>(() => berlin.Participant.AppendAsync(Account, [Booked()]));
        }

        // Both start anew, from what is in their stores.
        berlin.Loses = string.Empty;
        berlin.Restart();
        var second = Coordinator();
        (await second.RecoverAsync()).Should().Be(0);
        (await berlin.Participant.RecoverAsync(Find)).Should().BeEmpty();

        (await berlin.BookedAsync(), await lima.BookedAsync()).Should().Be(isDecided ? (1, 1) : (0, 0));
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task Who_is_prepared_never_decides_by_itself_and_raises_the_alarm()
    {
        var berlin = Add("berlin");
        var work = new PreparedWork(Guid.CreateVersion7(Some.Noon), "coordinator", ["berlin", "lima"], Appends());
        (await berlin.Participant.PrepareAsync(work)).IsYes.Should().BeTrue();
        (await berlin.Participant.RecoverAsync(_ => null)).Should().ContainSingle();
        _alarms.Should().BeEmpty();

        _time.Advance(TimeSpan.FromDays(3));
        berlin.Restart();

        (await berlin.Participant.RecoverAsync(_ => null)).Should().ContainSingle().Which.Streams.Should().Equal(Account);
        _alarms.Should().ContainSingle().Which.TransactionId.Should().Be(work.TransactionId);
        (await berlin.BookedAsync()).Should().Be(0);
        await Assert.ThrowsAsync<ConcurrencyException>(() => berlin.Participant.AppendAsync(Account, [Booked()]));
    }

    [Fact]
    public async Task Another_participant_can_settle_it_when_the_coordinator_is_gone()
    {
        var (berlin, lima) = (Add("berlin"), Add("lima"));
        var work = new PreparedWork(Guid.CreateVersion7(Some.Noon), "coordinator", ["berlin", "lima"], Appends());
        await berlin.Participant.PrepareAsync(work);

        // Lima was never asked, and now never will say yes.
        (await berlin.Participant.RecoverAsync(Find)).Should().BeEmpty();

        (await berlin.BookedAsync()).Should().Be(0);
        (await lima.Participant.PrepareAsync(work)).IsYes.Should().BeFalse();
    }

    [Fact]
    public async Task What_an_operator_decides_is_recorded_and_a_decision_that_contradicts_it_is_damage()
    {
        var berlin = Add("berlin");
        var work = new PreparedWork(Guid.CreateVersion7(Some.Noon), "coordinator", ["berlin"], Appends());
        await berlin.Participant.PrepareAsync(work);

        (await berlin.Participant.ForceAsync(work.TransactionId, isCommit: true, "ada", "the coordinator burnt down")).Should().BeTrue();

        (await berlin.BookedAsync()).Should().Be(1);
        var record = (await berlin.Store.LoadAsync(new StreamId("k1s0-sync-outcome", $"berlin/{work.TransactionId}")))[0];
        record.Payload.GetProperty("forcedBy").GetString().Should().Be("ada");
        record.Payload.GetProperty("reason").GetString().Should().Be("the coordinator burnt down");
        (await berlin.Participant.ForceAsync(work.TransactionId, true, "ada", "again")).Should().BeFalse();

        await berlin.Participant.DecideAsync(work.TransactionId, isCommit: false);
        _damage.Should().ContainSingle().Which.Participant.Should().Be("berlin");
    }

    [Fact]
    public async Task A_stream_that_was_written_past_the_participant_is_committed_all_the_same_and_reported()
    {
        var berlin = Add("berlin");
        var work = new PreparedWork(Guid.CreateVersion7(Some.Noon), "coordinator", ["berlin"], Appends());
        await berlin.Participant.PrepareAsync(work);
        await berlin.Store.AppendAsync(Account, [Booked()]);

        await berlin.Participant.DecideAsync(work.TransactionId, isCommit: true);

        (await berlin.BookedAsync()).Should().Be(2);
        _damage.Should().ContainSingle();
    }

    [Fact]
    [Trait("Row", "S06")]
    public void A_crash_at_every_write_of_every_node_leaves_all_or_nothing()
    {
        var tried = CommitRun.CrashAtEveryWrite();

        output.WriteLine($"{tried} places");
        tried.Should().BeGreaterThanOrEqualTo(14, "three prepare, one decides, three commit, one closes; before and after");
    }

    [Fact]
    public async Task A_saga_waits_for_what_is_offline_and_goes_on_where_it_was()
    {
        var (store, done, isOnline) = (new InMemoryEventStore(), new List<string>(), false);
        Saga Begin() => new(store, new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]), [Step("reserve"), Step("pay"), Step("ship")]);

        (await Begin().RunAsync()).Should().Be((SagaStatus.Waiting, "pay is offline."));
        isOnline = true;
        (await Begin().RunAsync()).Should().Be((SagaStatus.Completed, null));
        (await Begin().RunAsync()).Status.Should().Be(SagaStatus.Completed);

        done.Should().Equal("reserve", "pay", "ship");

        SagaStep Step(string name) => new(
            name,
            (key, _) =>
            {
                key.Should().EndWith(name);
                if (!isOnline && string.Equals(name, "pay", StringComparison.Ordinal))
                {
                    throw new IOException("pay is offline.");
                }

                done.Add(name);
                return Task.FromResult<string?>(null);
            },
            (_, _) => throw new InvalidOperationException("Nothing is to be taken back."));
    }

    [Fact]
    public async Task A_saga_that_is_refused_takes_back_what_it_did_in_reverse_order()
    {
        var (store, log, failures) = (new InMemoryEventStore(), new List<string>(), 1);
        Saga Begin() => new(store, new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 12]), [Step("reserve"), Step("pay"), Step("ship")]);

        (await Begin().RunAsync()).Status.Should().Be(SagaStatus.Waiting, "pay cannot be taken back now");
        (await Begin().RunAsync()).Should().Be((SagaStatus.Compensated, "nobody ships there."));
        (await Begin().RunAsync()).Status.Should().Be(SagaStatus.Compensated);

        log.Should().Equal("reserve", "pay", "-pay", "-reserve");

        SagaStep Step(string name) => new(
            name,
            (_, _) =>
            {
                if (string.Equals(name, "ship", StringComparison.Ordinal))
                {
                    return Task.FromResult<string?>("nobody ships there.");
                }

                log.Add(name);
                return Task.FromResult<string?>(null);
            },
            (_, _) =>
            {
                if (failures-- > 0)
                {
                    throw new IOException("offline.");
                }

                log.Add("-" + name);
                return Task.CompletedTask;
            });
    }

    private static StreamId Account => new("account", "1");

    private static EventEnvelope Booked() =>
        EventEnvelope.Create(Account, "booked", "{}"u8.ToArray(), timeProvider: new ManualTime(Some.Noon));

    private static StreamAppend[] Appends() => [new StreamAppend(Account, [Booked()], ExpectedVersion.NoStream)];

    private static Dictionary<string, IReadOnlyList<StreamAppend>> Work(params string[] names) =>
        names.ToDictionary(name => name, _ => (IReadOnlyList<StreamAppend>)Appends(), StringComparer.Ordinal);

    private TransactionCoordinator Coordinator() =>
        _coordinator = new TransactionCoordinator("coordinator", _decisions, Find, timeProvider: _time);

    private ITransactionPeer? Find(string name) =>
        string.Equals(name, "coordinator", StringComparison.Ordinal) ? _coordinator : _members.GetValueOrDefault(name);

    private Member Add(string name)
    {
        var member = new Member(name, _time, new TransactionOptions { OnInDoubt = _alarms.Add, OnDamage = _damage.Add });
        _members.Add(name, member);
        return member;
    }

    /// <summary>A node, and the way to it.</summary>
    private sealed class Member : ITransactionPeer
    {
        private readonly string _name;
        private readonly ManualTime _time;
        private readonly TransactionOptions _options;
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Member(string name, ManualTime time, TransactionOptions options)
        {
            (_name, _time, _options) = (name, time, options);
            Restart();
        }

        public InMemoryEventStore Store { get; } = new();

        public TransactionParticipant Participant { get; private set; } = null!;

        public bool IsSilent { get; set; }

        public string Loses { get; set; } = string.Empty;

        public Task WasAsked => _asked.Task;

        public void Restart() => Participant = new TransactionParticipant(_name, Store, _options, _time);

        public async Task<int> BookedAsync() => (await Store.LoadAsync(Account)).Count;

        public async Task<TransactionVote> PrepareAsync(PreparedWork work, CancellationToken cancellationToken = default)
        {
            _asked.TrySetResult();
            if (IsSilent)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }

            var vote = await Participant.PrepareAsync(work, cancellationToken);
            return Loses is "prepare" ? throw new IOException("The answer got lost.") : vote;
        }

        public Task DecideAsync(Guid transactionId, bool isCommit, CancellationToken cancellationToken = default) =>
            Loses.Length > 0 || IsSilent
                ? throw new IOException("It cannot be reached.")
                : Participant.DecideAsync(transactionId, isCommit, cancellationToken);

        public Task<TransactionStatus> AskAsync(Guid transactionId, CancellationToken cancellationToken = default) =>
            Participant.AskAsync(transactionId, cancellationToken);
    }
}
