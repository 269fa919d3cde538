namespace K1s0.EventStore.Sync.Tests;

/// <summary>Ways to other nodes that throw whatever they want, or never answer.</summary>
public sealed class TransactionFailureTests
{
    private static readonly StreamId Account = new("account", "1");

    private readonly TransactionNodes _nodes = new();
    private readonly InMemoryEventStore _berlin = new();
    private readonly InMemoryEventStore _lima = new();

    [Fact]
    [Trait("Row", "S06")]
    public async Task Whatever_a_way_throws_a_committed_transaction_is_committed_and_recovered()
    {
        _nodes.Add("berlin", _berlin);
        _nodes.Add("lima", _lima);
        var way = _nodes.Script("berlin");
        way.Throws = new HttpRequestException("503");

        var outcome = await ExecuteAsync();
        var left = await _nodes.Coordinator.RecoverAsync();
        way.Throws = new TaskCanceledException("its own time is up");
        var leftAgain = await _nodes.Coordinator.RecoverAsync();
        way.Throws = null;

        (outcome.Status, outcome.IsEverywhere, left, leftAgain).Should().Be((TransactionStatus.Committed, false, 1, 1));
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(0);
        (await _berlin.LoadAsync(Account)).Should().ContainSingle();
        (await _lima.LoadAsync(Account)).Should().ContainSingle();
    }

    [Fact]
    public async Task Calls_that_fail_are_told()
    {
        var failures = new List<TransactionFailure>();
        _nodes.Add("berlin", _berlin);
        var reason = new HttpRequestException("503");
        _nodes.Script("berlin").Throws = reason;
        var coordinator = new TransactionCoordinator(
            "another", _nodes.Decisions, _nodes.Find, new TransactionOptions { OnFailure = failures.Add }, _nodes.Time);

        var outcome = await coordinator.ExecuteAsync(
            TransactionNodes.Work(("berlin", [TransactionNodes.Booking(Account)])));

        failures.Should().Equal(new TransactionFailure(outcome.TransactionId, "berlin", reason));
    }

    [Fact(Timeout = 60_000)]
    [Trait("Row", "S06")]
    public async Task A_participant_that_never_answers_a_decision_is_left_to_the_next_recovery()
    {
        _nodes.Add("berlin", _berlin);
        _nodes.Add("lima", _lima);
        var way = _nodes.Script("berlin");
        way.Hangs = true;
        var running = ExecuteAsync();
        await way.WasCalled.WaitAsync(TestContext.Current.CancellationToken);

        _nodes.Time.Advance(TimeSpan.FromSeconds(6));

        var outcome = await running.WaitAsync(TestContext.Current.CancellationToken);
        (outcome.Status, outcome.IsEverywhere).Should().Be((TransactionStatus.Committed, false));
        way.Hangs = false;
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(0);
        (await _berlin.LoadAsync(Account)).Should().ContainSingle();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_recovery_gives_up_when_it_is_told_to()
    {
        _nodes.Add("berlin", _berlin);
        _nodes.Add("lima", _lima);
        var way = _nodes.Script("berlin");
        way.Throws = new IOException("It cannot be reached.");
        await ExecuteAsync();
        (way.Throws, way.Hangs) = (null, true);
        using var giveUp = new CancellationTokenSource();
        var recovering = _nodes.Coordinator.RecoverAsync(giveUp.Token);

        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => recovering.WaitAsync(TestContext.Current.CancellationToken));
        recovering.IsCanceled.Should().BeTrue();
        way.Hangs = false;
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(0);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_is_in_doubt_asks_the_next_when_one_fails_or_never_answers(bool hangs)
    {
        var (berlin, lima) = (_nodes.Add("berlin", _berlin), _nodes.Add("lima", _lima));
        var work = TransactionNodes.Work(TransactionNodes.Booking(Account), "berlin", "lima");
        await berlin.PrepareAsync(work);
        await lima.PrepareAsync(work);
        await lima.DecideAsync(work.TransactionId, isCommit: true);
        var way = _nodes.Script(TransactionNodes.CoordinatorName);
        (way.Throws, way.Hangs) = (hangs ? null : new HttpRequestException("503"), hangs);
        var recovering = berlin.RecoverAsync(_nodes.Find);
        await way.WasCalled.WaitAsync(TestContext.Current.CancellationToken);

        _nodes.Time.Advance(TimeSpan.FromSeconds(6));

        (await recovering.WaitAsync(TestContext.Current.CancellationToken)).Should().BeEmpty();
        (await _berlin.LoadAsync(Account)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_coordinator_and_a_participant_of_one_name_on_one_store_do_not_meet()
    {
        var participant = _nodes.Add("hq", _berlin);
        var coordinator = new TransactionCoordinator("hq", _berlin, _nodes.Find, _nodes.Options, _nodes.Time);
        await participant.PrepareAsync(TransactionNodes.Work(TransactionNodes.Booking(Account), "hq"));

        (await coordinator.RecoverAsync()).Should().Be(0);

        _nodes.Add("lima", _lima);
        _nodes.Script("lima").Throws = new IOException("It cannot be reached.");
        await coordinator.ExecuteAsync(TransactionNodes.Work(("lima", [TransactionNodes.Booking(Account)])));
        using var restarted = new TransactionParticipant("hq", _berlin, _nodes.Options, _nodes.Time);
        (await restarted.RecoverAsync(_ => null)).Should().ContainSingle().Which.Streams.Should().Equal(Account);
    }

    [Fact]
    public async Task A_coordinator_leaves_behind_what_is_over_and_forgets_nothing_that_is_not()
    {
        _nodes.Add("berlin", _berlin);
        _nodes.Add("lima", _lima);
        var way = _nodes.Script("berlin");
        way.Throws = new IOException("It cannot be reached.");
        var open = await ExecuteAsync();
        for (var done = 0; done < 60; done++)
        {
            await _nodes.Coordinator.ExecuteAsync(TransactionNodes.Work(("lima", [TransactionNodes.Booking(Account)])));
        }

        (await _nodes.Coordinator.RecoverAsync()).Should().Be(1);

        var notes = await _nodes.Decisions.LoadAsync(new StreamId("k1s0-sync-untold", TransactionNodes.CoordinatorName));
        var settled = notes.Where(note => note.EventType is "settled").Should().ContainSingle().Subject;
        settled.Payload.GetProperty("open").EnumerateArray().Should().ContainSingle()
            .Which.GetGuid().Should().Be(open.TransactionId);
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(1);
        way.Throws = null;
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(0);
        (await _berlin.LoadAsync(Account)).Should().ContainSingle();
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(0);
    }

    private Task<TransactionOutcome> ExecuteAsync() => _nodes.Coordinator.ExecuteAsync(TransactionNodes.Work(
        ("berlin", [TransactionNodes.Booking(Account)]), ("lima", [TransactionNodes.Booking(Account)])));
}
