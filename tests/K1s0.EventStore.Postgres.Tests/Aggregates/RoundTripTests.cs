using System.Diagnostics;
using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Postgres.Tests.Aggregates;

/// <summary>How many commands the driver sends: one command is one round trip.</summary>
public sealed class RoundTripTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string SourceName = "K1s0.EventStore.RoundTrips";

    private static readonly ActivitySource Source = new(SourceName);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "K06")]
    [Trait("Row", "I07")]
    public async Task A_load_takes_two_round_trips_with_a_snapshot_one_from_memory_and_one_without_either()
    {
        var store = await database.NewStoreAsync();
        var stream = new StreamId("account", "1");
        var writer = Accounts(store, cacheCapacity: 0, hasSnapshots: true);
        await writer.HandleAsync(
            stream,
            _ => Enumerable.Range(0, 990).Select(_ => new AmountDeposited(1)),
            cancellationToken: Cancellation);
        await writer.TakeSnapshotAsync(stream, Cancellation);
        await writer.HandleAsync(
            stream,
            _ => Enumerable.Range(0, 10).Select(_ => new AmountDeposited(1)),
            cancellationToken: Cancellation);
        var remembering = Accounts(store, cacheCapacity: 10, hasSnapshots: true);

        var (withSnapshot, loaded) = await CountAsync(() => remembering.LoadAsync(stream, Cancellation));
        var (fromMemory, again) = await CountAsync(() => remembering.LoadAsync(stream, Cancellation));
        var (plain, all) = await CountAsync(
            () => Accounts(store, cacheCapacity: 0, hasSnapshots: false).LoadAsync(stream, Cancellation));

        (withSnapshot, fromMemory, plain).Should().Be((2, 1, 1));
        (loaded.StartedAt.Value, loaded.AppliedEvents).Should().Be((990, 10));
        (again.StartedAt.Value, again.AppliedEvents).Should().Be((1_000, 0));
        (all.StartedAt.Value, all.AppliedEvents).Should().Be((0, 1_000));
        new[] { loaded, again, all }.Should().OnlyContain(state => state.State.Balance == 1_000);
    }

    [Fact]
    public async Task A_command_behind_a_bounded_read_appends_in_one_more_round_trip()
    {
        var store = await database.NewStoreAsync();
        var stream = new StreamId("account", "1");
        var accounts = Accounts(store, cacheCapacity: 10, hasSnapshots: false);
        await accounts.HandleAsync(stream, _ => [new AmountDeposited(1)], cancellationToken: Cancellation);
        var reopened = Accounts(store.Reopen(), cacheCapacity: 10, hasSnapshots: false);

        var (commands, handled) = await CountAsync(
            () => reopened.HandleAsync(stream, _ => [new AmountDeposited(2)], cancellationToken: Cancellation));

        (commands, handled.Version.Value, handled.State.Balance).Should().Be((2, 2, 3));
    }

    private static AggregateStore<AccountState, IAccountEvent> Accounts(
        TestStore store, int cacheCapacity, bool hasSnapshots) =>
        new(
            new AccountDecider(),
            store.Store,
            new EventSerializer(AccountJson.Types),
            new AggregateOptions<AccountState>
            {
                Format = StateFormat.Json(AccountJson.Default.AccountState),
                Snapshots = SnapshotStrategy.Never,
                CacheCapacity = cacheCapacity,
            },
            snapshots: hasSnapshots ? store.Snapshots : null);

    // The driver traces each command under the activity that it was sent in; other tests have others.
    private static async Task<(int Commands, TResult Result)> CountAsync<TResult>(Func<Task<TResult>> action)
    {
        var (commands, trace) = (0, default(ActivityTraceId));
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is SourceName or "Npgsql",
            Sample = static (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name is "Npgsql" && activity.TraceId == trace)
                {
                    Interlocked.Increment(ref commands);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var activity = Source.StartActivity("counted");
        trace = activity!.TraceId;
        var result = await action();
        return (commands, result);
    }
}
