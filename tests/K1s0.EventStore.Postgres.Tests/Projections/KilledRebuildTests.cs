using System.Globalization;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>
/// A process that follows and rebuilds a projection, killed (SIGKILL) again and again while events are appended. The
/// number of kills can be set by <c>K1S0_REBUILD_KILL_CYCLES</c>.
/// </summary>
public sealed class KilledRebuildTests(StoreDatabase database, ITestOutputHelper output) : IClassFixture<StoreDatabase>
{
    private static readonly int Cycles =
        int.TryParse(
            Environment.GetEnvironmentVariable("K1S0_REBUILD_KILL_CYCLES"), CultureInfo.InvariantCulture, out var cycles)
            ? cycles
            : 12;

    [Fact]
    public async Task No_event_is_lost_or_doubled_when_the_process_is_killed_in_the_rebuild_and_in_the_swap()
    {
        // marten#4721: a rebuild that was interrupted froze; here it goes on where it stood.
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var random = SeededRandom.Create();
        var store = await database.NewStoreAsync();
        var streams = Enumerable.Range(0, 10).Select(_ => Some.Stream()).ToArray();
        for (var round = 0; round < 30; round++)
        {
            await store.Store.AppendAsync([.. streams.Select(stream => Some.Append(stream))], limit.Token);
        }

        var (rebuilt, killedIn) = (0, new List<string>());
        for (var cycle = 0; cycle < Cycles; cycle++)
        {
            await using var child = await StartAsync(store);
            var line = string.Empty;
            for (var lines = random.Next(1, 80); lines > 0; lines--)
            {
                line = await ReadAndAppendAsync(child, store, streams, random, limit.Token);
                line.Should().NotBeNull("the process runs until it is killed");
                rebuilt += line is ProjectionProcess.Rebuilt ? 1 : 0;
            }

            await child.KillAsync();
            killedIn.Add(line!.Split(' ')[0]);
        }

        await using var last = await StartAsync(store);
        while (await ReadAndAppendAsync(last, store, streams, random, limit.Token) is not ProjectionProcess.Rebuilt)
        {
            limit.Token.ThrowIfCancellationRequested();
        }

        var feed = await store.FeedAsync();
        var caughtUp = store.Checkpoints.WaitUntilCaughtUpAsync(
            ProjectionProcess.Name, feed[^1].Position, TimeSpan.FromMinutes(1), cancellationToken: limit.Token);
        while (!caughtUp.IsCompleted)
        {
            await last.ReadLineAsync(limit.Token);
        }

        await caughtUp;
        await last.KillAsync();

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(feed));
        output.WriteLine(
            $"{Cycles} kills ({string.Join(", ", killedIn)}), {rebuilt} rebuilds before the last, {feed.Count} events");
    }

    // One event for each line that the process writes: appends and rebuild go on side by side, at one pace.
    private static async Task<string?> ReadAndAppendAsync(
        ChildProcess child, TestStore store, StreamId[] streams, Random random, CancellationToken cancellationToken)
    {
        await store.Store.AppendAsync([Some.Append(streams[random.Next(streams.Length)])], cancellationToken);
        return await child.ReadLineAsync(cancellationToken);
    }

    private Task<ChildProcess> StartAsync(TestStore store) => ChildProcess.StartAsync(
        typeof(ProjectionProcess).Assembly,
        [Program.Role, ProjectionProcess.Role, database.ConnectionString, store.Name]);
}
