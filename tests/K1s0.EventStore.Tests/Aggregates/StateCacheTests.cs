using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Tests.Aggregates;

public sealed class StateCacheTests
{
    private readonly InMemoryEventStore _store = new();

    [Fact]
    public async Task The_cache_is_bounded_and_the_least_recently_used_leaves_first()
    {
        var states = States(new AggregateOptions<AccountState> { StatesNeverChange = true, CacheCapacity = 2 });
        StreamId[] streams = [new("account", "1"), new("account", "2"), new("account", "3")];
        foreach (var stream in streams)
        {
            await DepositAsync(stream, 1);
        }

        await StartedAtAsync(states, streams[0]);
        await StartedAtAsync(states, streams[1]);
        (await StartedAtAsync(states, streams[0])).Should().Be(1);
        await StartedAtAsync(states, streams[2]);

        (await StartedAtAsync(states, streams[0])).Should().Be(1, "it was used after the second");
        (await StartedAtAsync(states, streams[1])).Should().Be(0, "it had to leave for the third");
    }

    [Fact]
    public async Task A_stream_with_another_history_is_loaded_from_its_beginning()
    {
        var stream = new StreamId("account", "1");
        var replaced = new ReplacedStore(_store);
        var states = new AggregateStore<AccountState, IAccountEvent>(
            new AccountDecider(),
            replaced,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<AccountState> { StatesNeverChange = true });
        await DepositAsync(stream, 1);
        await DepositAsync(stream, 2);
        (await StateAsync(states, stream)).Balance.Should().Be(3);

        // A restore lost both events, and others took their places.
        replaced.Inner = new InMemoryEventStore();
        await AppendAsync(replaced.Inner, stream, 10);
        (await StateAsync(states, stream)).Balance.Should().Be(10, "the stream is shorter than the remembered state");
        await AppendAsync(replaced.Inner, stream, 20);
        (await StateAsync(states, stream)).Balance.Should().Be(30);
    }

    [Fact]
    public async Task A_state_that_is_too_large_or_can_change_without_a_format_is_not_remembered()
    {
        var stream = new StreamId("account", "1");
        await DepositAsync(stream, 1);
        var format = StateFormat.Json(AccountJson.Default.AccountState);
        var tooLarge = States(new AggregateOptions<AccountState> { Format = format, MaxCachedStateBytes = 10 });
        var unknown = States(new AggregateOptions<AccountState>());
        var off = States(new AggregateOptions<AccountState> { Format = format, CacheCapacity = 0 });
        var kept = States(new AggregateOptions<AccountState> { Format = format });

        foreach (var (states, expected) in new[] { (tooLarge, 0L), (unknown, 0L), (off, 0L), (kept, 1L) })
        {
            await StartedAtAsync(states, stream);
            (await StartedAtAsync(states, stream)).Should().Be(expected);
        }
    }

    private static async Task AppendAsync(InMemoryEventStore store, StreamId stream, long amount) =>
        await store.AppendAsync(
            stream,
            [new EventSerializer(AccountJson.Types).ToEnvelope(stream, new AmountDeposited(amount))],
            cancellationToken: TestContext.Current.CancellationToken);

    private static async Task<AccountState> StateAsync(
        AggregateStore<AccountState, IAccountEvent> states, StreamId stream) =>
        (await states.LoadAsync(stream, TestContext.Current.CancellationToken)).State;

    private static async Task<long> StartedAtAsync(
        AggregateStore<AccountState, IAccountEvent> states, StreamId stream) =>
        (await states.LoadAsync(stream, TestContext.Current.CancellationToken)).StartedAt.Value;

    private AggregateStore<AccountState, IAccountEvent> States(AggregateOptions<AccountState> options) =>
        new(new AccountDecider(), _store, new EventSerializer(AccountJson.Types), options);

    private Task DepositAsync(StreamId stream, long amount) => AppendAsync(_store, stream, amount);
}
