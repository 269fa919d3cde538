using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Reading;

/// <summary>How the server reads a long stream among many short ones, by what EXPLAIN ANALYZE says.</summary>
public sealed partial class StreamPlanTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int ShortStreams = 500;
    private const int LongStream = 900;

    [Theory]
    [InlineData(500, 509, 10)]
    [InlineData(1, long.MaxValue, LongStream)]
    public async Task A_range_is_read_without_sorting_and_no_further(long from, long to, int rows)
    {
        var store = await database.NewStoreAsync();
        var stream = await FillAsync(store);

        var plan = await ExplainAsync(store, stream, from, to);

        plan.Should().NotContain(line => line.Contains("Sort", StringComparison.Ordinal));
        plan.Select(line => IndexScan().Match(line)).Where(match => match.Success)
            .Sum(match => int.Parse(match.Groups["rows"].Value, CultureInfo.InvariantCulture))
            .Should().Be(rows, "nothing else is looked at:\n{0}", string.Join('\n', plan));
    }

    [Theory]
    [InlineData(ReadDirection.Forward)]
    [InlineData(ReadDirection.Backward)]
    public async Task Pages_go_over_gaps_that_somebody_has_made(ReadDirection direction)
    {
        const int Count = 100;
        var store = await database.NewStoreAsync(options => options.PageSize = 10);
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, Count), 0);
        long[] gone = [10, 11, 25, .. Enumerable.Range(40, 33).Select(v => (long)v)];
        await store.ExecuteAsync(
            $"set session_replication_role = replica; delete from {"{s}"}.events where stream_id = "
            + $"'{stream.AggregateId}' and version in ({string.Join(',', gone)}); "
            + "set session_replication_role = origin");

        var versions = new List<long>();
        await foreach (var envelope in store.Store.ReadStreamAsync(stream, direction))
        {
            versions.Add(envelope.Version);
        }

        var left = Enumerable.Range(1, Count).Select(version => (long)version).Except(gone);
        versions.Should().Equal(direction is ReadDirection.Forward ? left : left.Reverse());
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(15, 20)]
    [InlineData(15, 2)]
    [InlineData(20, 11)]
    public async Task Pages_miss_nothing_that_is_appended_while_they_are_read(int before, int meanwhile)
    {
        var store = await database.NewStoreAsync(options => options.PageSize = 10);
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, before), 0);

        var versions = new List<long>();
        await foreach (var envelope in store.Store.ReadStreamAsync(stream))
        {
            versions.Add(envelope.Version);
            if (versions.Count == before)
            {
                await store.Store.AppendAsync(stream, Some.Events(stream, meanwhile), before);
            }
        }

        versions.Should().Equal(Enumerable.Range(1, versions.Count).Select(version => (long)version));
        versions.Should().HaveCountGreaterThanOrEqualTo(before);
    }

    [Fact]
    public async Task Events_are_in_order_when_the_server_gives_them_in_another()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 50), 0);
        await store.ExecuteAsync(
            $"""
            set session_replication_role = replica;
            with gone as (
              delete from {"{s}"}.events where stream_id = '{stream.AggregateId}' and version in (3, 20) returning *)
            insert into {"{s}"}.events select * from gone order by version desc;
            set session_replication_role = origin
            """);
        await using var unordered = Npgsql.NpgsqlDataSource.Create(
            store.DataSource.ConnectionString + ";Options=-c enable_indexscan=off -c enable_bitmapscan=off");
        await using var reader = new PostgresEventStore(unordered, new PostgresOptions { Schema = store.Name });

        var events = await reader.LoadAsync(stream);

        events.Select(envelope => envelope.Version).Should().Equal(
            Enumerable.Range(1, 50).Select(version => (long)version));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(899, 905)]
    [InlineData(901, 905)]
    public async Task A_range_of_versions_has_all_of_them_and_no_other(long from, long to)
    {
        var store = await database.NewStoreAsync();
        var stream = await FillAsync(store);

        var events = await store.Store.LoadAsync(stream, from, to);

        var first = Math.Max(from, 1);
        events.Select(envelope => envelope.Version).Should().Equal(
            Enumerable.Range((int)first, (int)Math.Max(0, Math.Min(to, LongStream) - first + 1)).Select(v => (long)v));
    }

    [GeneratedRegex(
        @"Index Scan .* on events_\d{4}_\d{2}.*actual rows=(?<rows>\d+)",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex IndexScan();

    private static async Task<StreamId> FillAsync(TestStore store)
    {
        for (var made = 0; made < ShortStreams; made += 100)
        {
            var streams = Enumerable.Range(0, 100).Select(_ => Some.Stream());
            await store.Store.AppendAsync(
                [.. streams.Select(id => new StreamAppend(id, [.. Some.Events(id, 2)], ExpectedVersion.NoStream))]);
        }

        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, LongStream), 0);
        await store.ExecuteAsync("analyze {s}.streams; analyze {s}.events");
        return stream;
    }

    private static async Task<List<string>> ExplainAsync(TestStore store, StreamId stream, long from, long to)
    {
        await using var connection = await store.DataSource.OpenConnectionAsync();
        var sql = new SqlCatalog(new SchemaName(store.Name))["load_stream"];
        await connection.ExecuteAsync(
            "set plan_cache_mode = force_generic_plan; "
            + $"prepare reading (text, text, bigint, bigint) as {sql}");
        await using var command = new NpgsqlCommand(
            "explain (analyze, costs off, timing off, summary off) execute reading "
            + $"('{stream.AggregateType}', '{stream.AggregateId}', {from}, {to})",
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        await reader.CloseAsync();
        await connection.ExecuteAsync("deallocate reading; reset plan_cache_mode");
        return plan;
    }
}
