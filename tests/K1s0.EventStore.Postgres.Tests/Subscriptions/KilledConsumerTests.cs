using System.Globalization;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>
/// A consumer process that is killed (SIGKILL) again and again while events are appended. The number of kills can be
/// set by <c>K1S0_KILL_CYCLES</c>.
/// </summary>
public sealed class KilledConsumerTests(StoreDatabase database, ITestOutputHelper output) : IClassFixture<StoreDatabase>
{
    private const int EventsBetweenKills = 40;

    private static readonly int Cycles =
        int.TryParse(
            Environment.GetEnvironmentVariable("K1S0_KILL_CYCLES"), CultureInfo.InvariantCulture, out var cycles)
            ? cycles
            : 50;

    [Fact]
    [Trait("Row", "L08")]
    public async Task Every_event_is_handled_and_every_effect_happens_exactly_once_over_many_kills()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(20));
        var random = SeededRandom.Create();
        var store = await database.NewStoreAsync();
        foreach (var table in new[] { "effects", "seen" })
        {
            await store.ExecuteAsync(
                $"create table {{s}}.{table} (place bigint generated always as identity, event_id uuid not null)");
        }

        var streams = Enumerable.Range(0, 8).Select(_ => Some.Stream()).ToArray();
        for (var cycle = 0; cycle <= Cycles; cycle++)
        {
            for (var count = 0; count < EventsBetweenKills; count++)
            {
                await store.Store.AppendAsync([Some.Append(streams[random.Next(streams.Length)])]);
            }

            await using var consumer = await ChildProcess.StartAsync(
                typeof(ConsumerProcess).Assembly,
                [Program.Role, ConsumerProcess.Role, database.ConnectionString, store.Name]);
            if (cycle == Cycles)
            {
                await FollowedToTheEndAsync(store, limit.Token);
                break;
            }

            var lines = random.Next(1, EventsBetweenKills);
            for (var line = 0; line < lines; line++)
            {
                (await consumer.ReadLineAsync(limit.Token)).Should().NotBeNull("the consumer runs until it is killed");
            }

            await consumer.KillAsync();

            // The killed one held its leases, which would only run out by themselves.
            await store.ExecuteAsync("update {s}.leases set expires_at = clock_timestamp()");
        }

        var events = await store.FeedAsync();
        (await store.ColumnAsync<Guid>("select event_id from {s}.effects order by place"))
            .Should().Equal(events.Select(envelope => envelope.Id), "each once, in the order of the feed");
        var seen = await store.ColumnAsync<Guid>("select event_id from {s}.seen order by place");
        var repeated = seen.Count - events.Count;
        var first = seen.Distinct().Select((id, index) => (id, index)).ToDictionary(pair => pair.id, pair => pair.index);
        first.Should().HaveCount(events.Count, "each at least once");
        foreach (var stream in events.GroupBy(envelope => envelope.StreamId))
        {
            stream.Select(envelope => first[envelope.Id]).Should().BeInAscendingOrder("a stream is handled in order");
        }

        output.WriteLine($"{Cycles} kills, {events.Count} events, {events.Count} effects, {repeated} handed over again");
    }

    private static async Task FollowedToTheEndAsync(TestStore store, CancellationToken cancellationToken)
    {
        var end = (await store.FeedAsync())[^1].Position;
        foreach (var consumer in new[] { ConsumerProcess.ExactlyOnce, ConsumerProcess.AtLeastOnce })
        {
            while ((await store.Checkpoints.LoadAsync(consumer, cancellationToken))?.Position is not { } position
                || position < end)
            {
                await Task.Yield();
            }
        }
    }
}
