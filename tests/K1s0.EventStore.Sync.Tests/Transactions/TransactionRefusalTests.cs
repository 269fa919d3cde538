using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What a participant could never commit, it does not promise; and what it cannot do after all, it says.</summary>
public sealed class TransactionRefusalTests : IDisposable
{
    private static readonly StreamId Account = new("account", "1");
    private static readonly StreamId Other = new("account", "2");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-transaction-");
    private readonly TransactionNodes _nodes = new();
    private readonly InMemoryEventStore _berlin = new();
    private readonly InMemoryEventStore _lima = new();

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [Trait("Row", "S06")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_that_are_stored_already_are_refused_before_anybody_commits(bool isFile)
    {
        await using var file = isFile
            ? new SqliteStoreFile(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "node.db") })
            : null;
        IEventStore store = file is null ? _berlin : new SqliteEventStore(file);
        var berlin = _nodes.Add("berlin", store);
        _nodes.Add("lima", _lima);
        var again = TransactionNodes.Booking(Account);
        await _nodes.Coordinator.ExecuteAsync(TransactionNodes.Work(("berlin", [again])));

        var outcome = await _nodes.Coordinator.ExecuteAsync(
            TransactionNodes.Work(("berlin", [again]), ("lima", [TransactionNodes.Booking(Account)])));

        outcome.Status.Should().Be(TransactionStatus.Aborted);
        outcome.Reason.Should().Contain(again.Events[0].Id.ToString());
        (await _lima.LoadAsync(Account)).Should().BeEmpty();
        (await _nodes.Coordinator.RecoverAsync()).Should().Be(0);
        (await berlin.RecoverAsync(_nodes.Find)).Should().BeEmpty();
        await berlin.AppendAsync(Account, [TransactionNodes.Booked(Account)]);
        (await store.LoadAsync(Account)).Should().HaveCount(2);
    }

    [Theory]
    [Trait("Row", "S06")]
    [InlineData("99 streams")]
    [InlineData("998 events")]
    [InlineData("a stream twice")]
    [InlineData("metadata that is no JSON")]
    [InlineData("the stream of its own notes")]
    public async Task What_the_store_would_not_take_is_refused_before_anybody_commits(string what)
    {
        var berlin = _nodes.Add("berlin", _berlin);
        _nodes.Add("lima", _lima);
        var bad = Bad(what);

        var outcome = await _nodes.Coordinator.ExecuteAsync(
            TransactionNodes.Work(("berlin", bad), ("lima", [TransactionNodes.Booking(Account)])));

        outcome.Status.Should().Be(TransactionStatus.Aborted);
        outcome.Reason.Should().NotBeNullOrEmpty();
        (await _lima.LoadAsync(Account)).Should().BeEmpty();
        (await _berlin.LoadAsync(bad[0].StreamId)).Should().BeEmpty();
        (await berlin.RecoverAsync(_nodes.Find)).Should().BeEmpty();
        (await _nodes.Coordinator.ExecuteAsync(
            TransactionNodes.Work(("berlin", [TransactionNodes.Booking(Account)])))).IsEverywhere.Should().BeTrue();
    }

    [Fact]
    public async Task As_much_as_the_store_takes_is_committed()
    {
        _nodes.Add("berlin", _berlin);
        IReadOnlyList<StreamAppend> appends =
            [new StreamAppend(Account, [.. Enumerable.Range(0, 996).Select(_ => TransactionNodes.Booked(Account))])];

        var outcome = await _nodes.Coordinator.ExecuteAsync(TransactionNodes.Work(("berlin", appends)));

        (outcome.Status, outcome.IsEverywhere).Should().Be((TransactionStatus.Committed, true));
        (await _berlin.LoadAsync(Account)).Should().HaveCount(996);
    }

    [Fact]
    public async Task An_event_that_another_transaction_is_prepared_with_is_refused()
    {
        var berlin = _nodes.Add("berlin", _berlin);
        var booked = TransactionNodes.Booked(Account);
        await berlin.PrepareAsync(TransactionNodes.Work(new StreamAppend(Account, [booked]), "berlin"));

        var vote = await berlin.PrepareAsync(TransactionNodes.Work(
            new StreamAppend(Other, [booked with { StreamId = Other }]), "berlin"));

        vote.IsYes.Should().BeFalse();
        vote.Reason.Should().Contain(booked.Id.ToString());
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task A_commit_that_the_store_has_come_to_refuse_is_recorded_as_damage_and_frees_its_streams()
    {
        var berlin = _nodes.Add("berlin", _berlin);
        var booking = TransactionNodes.Booking(Account);
        var work = TransactionNodes.Work(booking, "berlin");
        (await berlin.PrepareAsync(work)).IsYes.Should().BeTrue();
        await _berlin.AppendAsync(Other, [booking.Events[0] with { StreamId = Other }]);

        await berlin.DecideAsync(work.TransactionId, isCommit: true);
        await berlin.DecideAsync(work.TransactionId, isCommit: true);

        _nodes.Damage.Should().ContainSingle().Which.Detail.Should().Contain("k1s0-sync-intent");
        (await TransactionNodes.OutcomeAsync(_berlin, "berlin", work.TransactionId)).Select(one => one.EventType)
            .Should().Equal("committed", "damaged");
        (await berlin.AskAsync(work.TransactionId)).Should().Be(TransactionStatus.Committed);
        await berlin.AppendAsync(Account, [TransactionNodes.Booked(Account)]);
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task A_transaction_over_which_the_store_fails_does_not_hold_up_the_recovery_of_others()
    {
        var failsNext = false;
        var faulty = new FaultyEventStore(_berlin, () =>
        {
            var fault = failsNext ? FaultyEventStore.Fault.ErrorBefore : FaultyEventStore.Fault.None;
            failsNext = false;
            return fault;
        });
        var berlin = _nodes.Add("berlin", faulty);
        var (first, second) = (Work(Account), Work(Other));
        await berlin.PrepareAsync(first);
        await berlin.PrepareAsync(second);
        await _nodes.Coordinator.AskAsync(first.TransactionId);
        await _nodes.Coordinator.AskAsync(second.TransactionId);
        failsNext = true;

        var left = await berlin.RecoverAsync(_nodes.Find);

        left.Should().ContainSingle().Which.TransactionId.Should().Be(first.TransactionId);
        await berlin.AppendAsync(Other, [TransactionNodes.Booked(Other)]);
        (await berlin.RecoverAsync(_nodes.Find)).Should().BeEmpty();

        static PreparedWork Work(StreamId account) =>
            TransactionNodes.Work(TransactionNodes.Booking(account), "berlin");
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task A_commit_of_which_a_participant_has_nothing_is_damage()
    {
        var berlin = _nodes.Add("berlin", _berlin);
        var id = Guid.CreateVersion7(Some.Noon);

        await berlin.DecideAsync(id, isCommit: true);
        await berlin.DecideAsync(id, isCommit: true);

        _nodes.Damage.Should().ContainSingle().Which.TransactionId.Should().Be(id);
        (await TransactionNodes.OutcomeAsync(_berlin, "berlin", id)).Select(one => one.EventType)
            .Should().Equal("committed", "damaged");
        await berlin.DecideAsync(Guid.CreateVersion7(Some.Noon), isCommit: false);
        _nodes.Damage.Should().ContainSingle("an abort of what it never heard of is none");
    }

    [Fact]
    [Trait("Row", "S06")]
    public async Task What_an_operator_decided_on_one_node_is_no_answer_for_another()
    {
        var (berlin, lima) = (_nodes.Add("berlin", _berlin), _nodes.Add("lima", _lima));
        var work = TransactionNodes.Work(TransactionNodes.Booking(Account), "berlin", "lima");
        await berlin.PrepareAsync(work);
        await lima.PrepareAsync(work);
        await berlin.ForceAsync(work.TransactionId, isCommit: false, "ada", "the coordinator cannot be reached");

        (await berlin.AskAsync(work.TransactionId)).Should().Be(TransactionStatus.Undecided);
        (await lima.RecoverAsync(name => name is "berlin" ? berlin : null)).Should().ContainSingle();

        await lima.DecideAsync(work.TransactionId, isCommit: true);
        (await _lima.LoadAsync(Account)).Should().ContainSingle();
        _nodes.Damage.Should().BeEmpty();
    }

    [Fact]
    public async Task A_decision_that_contradicts_an_operator_is_damage_once_however_often_it_is_told()
    {
        var berlin = _nodes.Add("berlin", _berlin);
        var work = TransactionNodes.Work(TransactionNodes.Booking(Account), "berlin");
        await berlin.PrepareAsync(work);
        await berlin.ForceAsync(work.TransactionId, isCommit: false, "ada", "the coordinator cannot be reached");

        for (var told = 0; told < 5; told++)
        {
            await berlin.DecideAsync(work.TransactionId, isCommit: true);
        }

        _nodes.Damage.Should().ContainSingle();
        (await TransactionNodes.OutcomeAsync(_berlin, "berlin", work.TransactionId)).Select(one => one.EventType)
            .Should().Equal("aborted", "damaged");
    }

    private static IReadOnlyList<StreamAppend> Bad(string what) => what switch
    {
        "99 streams" =>
            [.. Enumerable.Range(0, 99).Select(number => TransactionNodes.Booking(new StreamId("account", $"a{number}")))],
        "998 events" =>
            [new StreamAppend(Account, [.. Enumerable.Range(0, 998).Select(_ => TransactionNodes.Booked(Account))])],
        "a stream twice" => [TransactionNodes.Booking(Account), TransactionNodes.Booking(Account)],
        "the stream of its own notes" => [TransactionNodes.Booking(new StreamId("k1s0-sync-open", "berlin"))],
        _ => [new StreamAppend(Account, [TransactionNodes.Booked(Account) with { MetadataUtf8 = "{bad"u8.ToArray() }])],
    };
}
