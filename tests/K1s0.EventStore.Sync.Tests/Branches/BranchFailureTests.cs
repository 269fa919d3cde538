using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Simulation;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A branch is given up as a whole or not at all, wherever its store or its process fails.</summary>
public sealed class BranchFailureTests
{
    private const int Length = 600;

    private static readonly Origin X = Some.Origin(9);

    private readonly ManualTime _time = new(Some.Noon);
    private readonly ForkedLogs _logs;

    public BranchFailureTests() => _logs = new ForkedLogs(_time);

    public static TheoryData<int, string> Faults()
    {
        var faults = new TheoryData<int, string>();

        // Three appends of events, and the note that they stand from now on.
        foreach (var append in Enumerable.Range(1, 4))
        {
            foreach (var fault in Enum.GetNames<FaultyEventStore.Fault>().Where(name => name is not "None"))
            {
                faults.Add(append, fault);
            }
        }

        return faults;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_failure_at_any_append_leaves_one_branch_whole_and_the_next_session_ends_it(int append, string fault)
    {
        var (appends, armed) = (0, false);
        var inner = new InMemoryEventStore(timeProvider: _time);
        var events = new FaultyEventStore(
            inner, () => armed && ++appends == append ? Enum.Parse<FaultyEventStore.Fault>(fault) : FaultyEventStore.Fault.None);
        var common = _logs.Write(X, [], 5);
        var node = await _logs.OpenAsync(new EventStoreReplicaStore(events, _time), _logs.Write(X, common, Length), Told);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, Length + 1));
        var (given, before) = (await ForkedLogs.HistoryOfAsync(peer), await ForkedLogs.HistoryOfAsync(node));
        node.Branches.Adopt(X);
        armed = true;

        var failure = await Record.ExceptionAsync(() => ForkedLogs.MeetAsync(node, peer));

        failure.Should().NotBeNull();
        if (fault.StartsWith("Crash", StringComparison.Ordinal))
        {
            node.Dispose();
            node = await _logs.ReopenAsync(new EventStoreReplicaStore(inner, _time), Told);
        }

        var isAdopted = append == 4 && fault.EndsWith("After", StringComparison.Ordinal);
        var whole = isAdopted
            ? given.Where(one => !one.StartsWith($"{new Dot(X, Length + 6)} ", StringComparison.Ordinal)).ToList()
            : before;
        (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(whole);
        (await node.ScrubAsync()).Damaged.Should().BeEmpty();
        (await node.Branches.ReadGivenUpAsync().ToListAsync()).Should().HaveCount(isAdopted ? Length : 0);
        var isTold = isAdopted && fault is nameof(FaultyEventStore.Fault.ErrorAfter);
        node.Branches.Adopted.Should().Equal(isTold ? [new AdoptedBranch(X, 6, Length + 5)] : []);

        node.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(node, peer);
        await ForkedLogs.MeetAsync(node, peer);
        (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(given);
        (await node.Branches.ReadGivenUpAsync().ToListAsync()).Should().HaveCount(Length);
        (await inner.GetHeadAsync(new StreamId("k1s0-sync", "repairs"))).Version.Value
            .Should().Be(Length, "what a failure leaves is used by the one who repeats it");
        node.Dispose();
    }

    [Fact]
    public async Task When_the_outcome_was_unknown_the_views_are_stopped_too()
    {
        var (appends, armed) = (0, false);
        var events = new FaultyEventStore(
            new InMemoryEventStore(timeProvider: _time),
            () => armed && ++appends == 2 ? FaultyEventStore.Fault.ErrorAfter : FaultyEventStore.Fault.None);
        var common = _logs.Write(X, [], 5);
        using var node = await _logs.OpenAsync(new EventStoreReplicaStore(events, _time), _logs.Write(X, common, 1), Told);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        node.Branches.Adopt(X);
        armed = true;

        (await Record.ExceptionAsync(() => ForkedLogs.MeetAsync(node, peer))).Should().NotBeNull();

        await Assert.ThrowsAsync<DeliveryStoppedException>(() => node.WriteAsync(Some.Envelope()));
        node.Branches.Adopted.Should().Equal(new AdoptedBranch(X, 6, 6));
        await ForkedLogs.HistoryOfAsync(node);
        await node.WriteAsync(Some.Envelope());
    }

    private static void Told(ReplicaNodeOptions options)
    {
        options.OnDelivered = _ => { };
        options.Replica.ContinueUnwitnessed = true;
    }
}
