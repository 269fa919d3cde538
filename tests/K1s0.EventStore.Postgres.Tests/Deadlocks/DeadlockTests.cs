using K1s0.EventStore.Postgres.Tests.Feed;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Deadlocks;

/// <summary>
/// Two processes append to overlapping streams in any order. <c>K1S0_TEST_SEED</c> repeats the dice of a run,
/// <c>K1S0_STRESS_SECONDS</c> makes it longer.
/// </summary>
public sealed class DeadlockTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(8);

    // How long the processes may take to start and to end.
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    private readonly StoreDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    [Trait("PeerBug", "B09")]
    public async Task Two_processes_that_append_to_the_same_streams_in_any_order_never_meet_in_a_deadlock()
    {
        var settings = WorkloadSettings.Read();
        var duration = settings.AtLeast > TimeSpan.Zero ? settings.AtLeast : Usual;
        output.WriteLine($"seed {settings.Seed} ({WorkloadSettings.SeedVariable}), {duration.TotalSeconds} s");
        var store = await _database.NewStoreAsync();
        foreach (var stream in OverlappingCaller.Hot)
        {
            await store.Store.AppendAsync(stream, Some.Events(stream, 1));
        }

        var warmUp = await store.ColumnAsync<string>($"select {OverlappingProcess.LineColumn} from {{s}}.events");

        var printed = await Task.WhenAll(
                RunProcessAsync(store, settings.Seed & 0xFFFFFF, duration),
                RunProcessAsync(store, (settings.Seed & 0xFFFFFF) + 1, duration))
            .WaitAsync(duration + Grace);

        foreach (var figures in printed.Select(lines => lines[^1]))
        {
            output.WriteLine(figures);
            figures.Should().StartWith(OverlappingProcess.FiguresMark, "the process came to its end");
        }

        printed.SelectMany(lines => lines).Where(line => line.StartsWith(OverlappingProcess.FailureMark, StringComparison.Ordinal))
            .Should().BeEmpty("an append succeeds or conflicts");
        (await DeadlocksAsync()).Should().Be(0, "nor may the server have met one that nobody was told of");
        var acknowledged = printed.Select(lines => lines.Where(line => char.IsAsciiHexDigitLower(line[0]) && line[8] == '-').ToList()).ToArray();
        await StoredOnceAsync(store, [.. warmUp, .. acknowledged.SelectMany(lines => lines)]);
        await OverlappedAsync(store, acknowledged);
    }

    [Fact]
    public async Task The_same_judge_sees_a_deadlock()
    {
        await using (var source = NpgsqlDataSource.Create(_database.With(connection =>
            (connection.ApplicationName, connection.Options) = (OverlappingProcess.ApplicationName, "-c deadlock_timeout=20ms"))))
        {
            await source.ExecuteAsync("create table fought_for (id int primary key); insert into fought_for values (1), (2)");
            await using var first = await source.OpenConnectionAsync();
            await using var second = await source.OpenConnectionAsync();
            await first.ExecuteAsync("begin; select from fought_for where id = 1 for update");
            await second.ExecuteAsync("begin; select from fought_for where id = 2 for update");

            var fight = new[]
            {
                first.ExecuteAsync("select from fought_for where id = 2 for update"),
                second.ExecuteAsync("select from fought_for where id = 1 for update"),
            };

            var victim = await Record.ExceptionAsync(() => Task.WhenAll(fight));
            victim.Should().BeOfType<PostgresException>().Which.SqlState.Should().Be(PostgresErrorCodes.DeadlockDetected);
        }

        (await DeadlocksAsync()).Should().Be(1);
    }

    private async Task<List<string>> RunProcessAsync(TestStore store, int seed, TimeSpan duration)
    {
        await using var process = await OverlappingProcess.StartAsync(_database.ConnectionString, store.Name, seed, duration);
        var lines = new List<string>();
        while (await process.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }

        (await process.Exited).Should().Be(0);
        return lines;
    }

    // A session reports what it counted when it ends, at the latest.
    private async Task<long> DeadlocksAsync()
    {
        await Eventually.TrueAsync(() => _database.DataSource.ScalarAsync<bool>(
            $"""
            select not exists (select from pg_stat_activity
              where datname = current_database() and application_name = '{OverlappingProcess.ApplicationName}')
            """));
        return await _database.DataSource.ScalarAsync<long>(
            "select deadlocks from pg_stat_database where datname = current_database()");
    }

    private static async Task StoredOnceAsync(TestStore store, IReadOnlyList<string> acknowledged)
    {
        var stored = await store.ColumnAsync<string>($"select {OverlappingProcess.LineColumn} from {{s}}.events");
        acknowledged.Should().HaveSameCount(stored);
        stored.ToHashSet(StringComparer.Ordinal).SetEquals(acknowledged).Should().BeTrue(
            "what was acknowledged is stored as it was said, and nothing else");
        (await store.ScalarAsync<long>(
            """
            select count(*) from (
              select from {s}.events group by stream_key
              having count(distinct version) <> count(*) or min(version) <> 1 or max(version) <> count(*)) as broken
            """)).Should().Be(0, "versions are dense");
        var verified = 0L;
        foreach (var name in await store.ColumnAsync<string>("select stream_type || ' ' || stream_id from {s}.streams"))
        {
            var stream = new StreamId(name.Split(' ')[0], name.Split(' ')[1]);
            var verification = await store.VerifyAsync(stream);
            verification.Finding.Should().BeNull("{0}", stream);
            verified += verification.VerifiedEvents;
        }

        verified.Should().Be(stored.Count);
    }

    // Otherwise the run proves nothing.
    private async Task OverlappedAsync(TestStore store, IReadOnlyList<IReadOnlyList<string>> acknowledged)
    {
        foreach (var lines in acknowledged)
        {
            var ids = lines.Select(line => Guid.Parse(line.AsSpan(0, 36))).ToHashSet();
            foreach (var stream in OverlappingCaller.Hot)
            {
                (await store.Store.LoadAsync(stream)).Should().Contain(
                    envelope => ids.Contains(envelope.Id), "both processes appended to {0}", stream);
            }
        }

        var batches = await store.ScalarAsync<long>(
            $$"""
            select count(*) from (
              select from {s}.events where event_type = '{{OverlappingCaller.SingleType}}'
              group by xmin::text having count(distinct stream_key) > 1) as batch
            """);
        var created = await store.ScalarAsync<long>("select count(*) from {s}.streams where stream_type = 'new'");
        output.WriteLine($"{acknowledged.Sum(lines => lines.Count)} events, {batches} batches of several, {created} new streams");
        batches.Should().BePositive();
        created.Should().BePositive();
    }
}
