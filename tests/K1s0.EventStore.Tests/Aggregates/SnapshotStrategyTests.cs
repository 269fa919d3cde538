using K1s0.EventStore.Conformance;
using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Tests.Aggregates;

public sealed class SnapshotStrategyTests
{
    private static readonly StreamId Stream = new("account", "1");

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly InMemorySnapshotStore _snapshots = new();
    private readonly SlowStore _store;

    public SnapshotStrategyTests() => _store = new SlowStore(new InMemoryEventStore(null, _time), _time);

    [Fact]
    [Trait("Row", "I06")]
    public async Task By_age_a_snapshot_is_due_when_the_oldest_event_that_none_holds_is_old_enough()
    {
        var accounts = Accounts(SnapshotStrategy.OlderThan(TimeSpan.FromHours(1)));

        (await MoveAsync(accounts)).Should().Be(0);
        _time.Advance(TimeSpan.FromMinutes(59));
        (await MoveAsync(accounts)).Should().Be(0);
        _time.Advance(TimeSpan.FromMinutes(1));
        (await MoveAsync(accounts)).Should().Be(3);
        (await MoveAsync(accounts)).Should().Be(3);
        _time.Advance(TimeSpan.FromMinutes(61));
        (await MoveAsync(accounts)).Should().Be(5);
    }

    [Fact]
    [Trait("Row", "I06")]
    public async Task Adaptively_a_snapshot_is_due_when_loading_takes_too_long_as_measured()
    {
        var slow = Accounts(SnapshotStrategy.Adaptive(TimeSpan.FromMilliseconds(90)));
        _store.PerEvent = TimeSpan.FromMilliseconds(20);
        var taken = new List<long>();
        for (var i = 0; i < 12; i++)
        {
            taken.Add(await MoveAsync(slow));
        }

        // 20 ms for each event, 90 ms are too long: each five events, and the first load has nothing to measure.
        taken.Should().Equal(0, 0, 0, 0, 5, 5, 5, 5, 5, 10, 10, 10);

        _store.PerEvent = TimeSpan.FromMilliseconds(1);
        var fast = Accounts(SnapshotStrategy.Adaptive(TimeSpan.FromMilliseconds(90)));
        for (var i = 0; i < 50; i++)
        {
            (await MoveAsync(fast)).Should().Be(10, "50 events take 50 ms now");
        }
    }

    [Fact]
    [Trait("Row", "I06")]
    public async Task By_a_rule_of_ones_own_and_never()
    {
        var seen = new List<SnapshotSituation>();
        var own = Accounts(SnapshotStrategy.When(situation =>
        {
            seen.Add(situation);
            return situation.EventsBehind == 2;
        }));

        (await MoveAsync(Accounts(SnapshotStrategy.Never))).Should().Be(0);
        (await MoveAsync(own)).Should().Be(2);

        seen.Should().HaveCount(2).And.OnlyContain(situation => situation.EventsBehind == 2);
    }

    [Fact]
    public async Task A_snapshot_that_another_process_took_is_noticed_and_not_taken_again()
    {
        var first = Accounts(SnapshotStrategy.EveryEvents(3), cacheCapacity: 10);
        var second = Accounts(SnapshotStrategy.EveryEvents(3), cacheCapacity: 10);
        await MoveAsync(first);
        await MoveAsync(second);
        (await MoveAsync(first)).Should().Be(3);

        (await MoveAsync(second)).Should().Be(3, "it is due by what the second remembers, and not by what is stored");
        (await MoveAsync(second)).Should().Be(3);
        (await MoveAsync(second)).Should().Be(6);
    }

    [Fact]
    public void A_strategy_outside_of_its_range_is_a_wrong_call()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => SnapshotStrategy.EveryEvents(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => SnapshotStrategy.OlderThan(TimeSpan.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => SnapshotStrategy.Adaptive(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentException>(() => new AggregateStore<AccountState, IAccountEvent>(
            new AccountDecider(),
            _store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<AccountState> { Snapshots = SnapshotStrategy.EveryEvents(1) }));
    }

    private AggregateStore<AccountState, IAccountEvent> Accounts(SnapshotStrategy strategy, int cacheCapacity = 0) =>
        new(
            new AccountDecider(),
            _store,
            new EventSerializer(AccountJson.Types, _time),
            new AggregateOptions<AccountState>
            {
                Format = StateFormat.Json(AccountJson.Default.AccountState),
                Snapshots = strategy,
                CacheCapacity = cacheCapacity,
            },
            _time,
            _snapshots);

    // The version of the snapshot behind one more event.
    private async Task<long> MoveAsync(AggregateStore<AccountState, IAccountEvent> accounts)
    {
        var token = TestContext.Current.CancellationToken;
        await accounts.HandleAsync(Stream, _ => [new AmountDeposited(1)], cancellationToken: token);
        return (await _snapshots.LoadLatestAsync<SnapshotFrame>(Stream, nameof(AccountState), token))?.Version ?? 0;
    }

    // Reading takes time, by the clock of the test.
    private sealed class SlowStore(InMemoryEventStore inner, ManualTime time) : IEventStore
    {
        public TimeSpan PerEvent { get; set; }

        public Task<AppendResult> AppendAsync(
            StreamId streamId,
            IEnumerable<EventEnvelope> events,
            long? expectedVersion = null,
            CancellationToken cancellationToken = default) =>
            inner.AppendAsync(streamId, events, expectedVersion, cancellationToken);

        public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
            StreamId streamId,
            long fromVersion = 0,
            long? toVersion = null,
            CancellationToken cancellationToken = default)
        {
            var events = await inner.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);

            // The event that proves a snapshot is read along, and not applied.
            time.Advance(PerEvent * (events.Count - (fromVersion > 1 ? 1 : 0)));
            return events;
        }

        public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
            inner.ExistsAsync(streamId, cancellationToken);
    }
}
