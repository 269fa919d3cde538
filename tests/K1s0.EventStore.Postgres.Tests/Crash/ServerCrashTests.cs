using System.Globalization;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>
/// Writers and readers against a server that is killed again and again. The number of cycles can be set by
/// <c>K1S0_CRASH_CYCLES</c>, the seed by <c>K1S0_TEST_SEED</c>.
/// </summary>
public sealed class ServerCrashTests(ITestOutputHelper output)
{
    private const int Writers = 8;
    private const int AppendsBetweenCrashes = 40;

    private static readonly int Cycles = Number("K1S0_CRASH_CYCLES", 20);
    private static readonly int Seed = Number("K1S0_TEST_SEED", Environment.TickCount & 0xFFFFFF);

    [Fact]
    [Trait("Row", "I01")]
    public async Task No_acknowledged_event_is_lost_and_no_refused_one_appears_over_many_crashes()
    {
        output.WriteLine($"seed {Seed}, {Cycles} crashes");
        await using var server = await PostgresServer.StartAsync();
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString());
        var store = await TestStore.CreateAsync(dataSource, "crash");
        var history = new AppendHistory(await WarmUpAsync(store));
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(writer => Task.Run(() => new CrashWriter(
            store.Reopen(configure: options => options.MaxRetries = writer % 2 == 0 ? 0 : 3).Store,
            history,
            new Random(Seed + writer)).RunAsync(stop.Token))).ToArray();
        var reader = Task.Run(() => new CrashReader(store.Store, history).RunAsync(stop.Token));

        var random = new Random(Seed);
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await history.ReachedAsync(history.Acknowledged + AppendsBetweenCrashes);
            await (random.Next(2) == 0 ? server.KillAsync() : server.StopImmediateAsync());
            await server.StartAgainAsync();
        }

        await history.ReachedAsync(history.Acknowledged + AppendsBetweenCrashes);
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        var settled = await history.SettleAsync(store.Reopen().Store);
        history.Finish(await store.Store.GetSettledBoundAsync());
        var seen = await reader;

        await history.CheckAsync(store, seen);
        output.WriteLine(
            $"{history.Acknowledged} appends acknowledged, {history.Refused} refused, {settled.Unknown} unknown of which "
            + $"{settled.Stored} were stored, {seen.Count} events read, 0 lost, 0 phantom, 0 repeated");
        settled.Unknown.Should().BeGreaterThan(0, "otherwise no crash met an append under way");
    }

    private static int Number(string variable, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : fallback;

    private static async Task<IReadOnlyList<StreamId>> WarmUpAsync(TestStore store)
    {
        StreamId[] shared = [Some.Stream("shared"), Some.Stream("shared"), Some.Stream("shared")];
        foreach (var stream in shared)
        {
            await store.Store.AppendAsync(stream, Some.Events(stream, 1));
        }

        return shared;
    }
}
