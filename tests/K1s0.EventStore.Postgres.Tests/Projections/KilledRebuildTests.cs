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
            ProjectionProcess.Name, feed[^1].Position, TimeSpan.FromMinutes(10), cancellationToken: limit.Token);
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

    // B36. A kill that is meant for a step must land in it: the process kills itself there, and nowhere else.
    [Theory]
    [InlineData("lock_table")]
    [InlineData("lock_rebuild_lanes")]
    [InlineData("lock_checkpoint")]
    [InlineData("read_rebuild_page")]
    [InlineData("count_parked_events")]
    [InlineData("count_feed")]
    [InlineData("drop_table")]
    [InlineData("move_table")]
    [InlineData("drop_rebuild_schema")]
    [InlineData(KilledSwapProcess.Commit)]
    [Trait("PeerBug", "B36")]
    public async Task A_process_that_dies_in_a_step_of_the_swap_leaves_the_tables_before_it_or_behind_it(string step)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var store = await database.NewStoreAsync();
        var streams = Enumerable.Range(0, 5).Select(_ => Some.Stream()).ToArray();
        for (var round = 0; round < 6; round++)
        {
            await store.Store.AppendAsync([.. streams.Select(stream => Some.Append(stream))], limit.Token);
        }

        await KilledSwapProcess.FollowAsync(store.DataSource, store.Store, store.Options, limit.Token);
        await using var child = await ChildProcess.StartAsync(
            typeof(KilledSwapProcess).Assembly,
            [Program.Role, KilledSwapProcess.Role, database.ConnectionString, store.Name, step]);
        (await child.ReadLineAsync(limit.Token)).Should().Be(step, "the process says where it is about to die");
        (await child.Exited.WaitAsync(limit.Token)).Should().Be(137);

        // Whoever waits for the tables waits until the server has seen that the process is gone.
        await store.Store.AppendAsync([.. streams.Select(stream => Some.Append(stream))], limit.Token);
        await KilledSwapProcess.FollowAsync(store.DataSource, store.Store, store.Options, limit.Token);
        var feed = await store.FeedAsync();
        var isSwapped = step is KilledSwapProcess.Commit;
        (await Balances.ReadAsync(store)).Should().Equal(
            Balances.Fold(feed), isSwapped ? "the new tables are in use" : "nothing was touched");
        (await RebuildsAsync(store)).Should().Be(isSwapped ? 0 : 1, "what was rebuilt goes on where it stood");

        var result = await new ProjectionRebuilder(
            store.DataSource, ProjectionProcess.Name, new Balances(store.Name), store.Options)
            .RebuildAsync(cancellationToken: limit.Token);
        result.Events.Should().Be(feed.Count);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(feed));
        (await RebuildsAsync(store)).Should().Be(0);
    }

    private static Task<long> RebuildsAsync(TestStore store)
    {
        var schema = new RebuildTables(
            new PostgresDatabase(store.DataSource, new SqlCatalog(new SchemaName(store.Name)), store.Options),
            ProjectionTables.Of(new Balances(store.Name)),
            ProjectionProcess.Name).Schema.Value;
        return store.ScalarAsync<long>($"select count(*) from pg_namespace where nspname = '{schema}'");
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
