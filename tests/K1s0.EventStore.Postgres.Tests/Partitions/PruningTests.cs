using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres.Tests.Partitions;

/// <summary>Which months the library's own statements touch, by what EXPLAIN ANALYZE says was executed.</summary>
[Trait("Row", "I02")]
public sealed partial class PruningTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int Months = 5;

    [Fact]
    public async Task The_feed_of_one_month_touches_that_month_only()
    {
        var (store, streams) = await StoreWithAStreamAMonthAsync();
        var bound = (await store.Store.GetSettledBoundAsync()).Value;

        for (var month = 0; month < Months; month++)
        {
            var (from, before) = (Month.Ahead(month).Start, Month.Ahead(month).End);
            var touched = await TouchedAsync(
                store,
                "read_feed_page_filtered",
                [0L, bound, 100L, DBNull.Value, DBNull.Value, DBNull.Value, from, before]);

            touched.Should().Equal(Month.Ahead(month).Partition);
            (await store.FeedAsync(new FeedFilter { RecordedFrom = from, RecordedBefore = before }))
                .Should().OnlyContain(envelope => envelope.StreamId == streams[month]).And.HaveCount(2);
        }
    }

    [GeneratedRegex(
        @" on (?<partition>events_\d{4}_\d{2})(?!.*never executed)",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex ExecutedScan();

    private static async Task<IReadOnlyList<string>> TouchedAsync(
        TestStore store, string statement, params object[] values)
    {
        var sql = new SqlCatalog(new SchemaName(store.Name))[statement];
        await using var command = store.DataSource.CreateCommand(
            $"explain (analyze, costs off, timing off, summary off) {sql}");
        foreach (var (value, number) in values.Select((value, index) => (value, index + 1)))
        {
            command.Parameters.Add(Parameter(statement, number, value));
        }

        await using var reader = await command.ExecuteReaderAsync();
        var partitions = new List<string>();
        while (await reader.ReadAsync())
        {
            if (ExecutedScan().Match(reader.GetString(0)) is { Success: true } match)
            {
                partitions.Add(match.Groups["partition"].Value);
            }
        }

        return [.. partitions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    // As the library declares them.
    private static NpgsqlParameter Parameter(string statement, int number, object value) => (statement, number) switch
    {
        ("read_feed_page_filtered", 4 or 5) => new()
        {
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
            Value = value,
        },
        ("read_feed_page_filtered", 6) => new() { NpgsqlDbType = NpgsqlDbType.Text, Value = value },
        _ => new() { Value = value },
    };

    private async Task<(TestStore Store, StreamId[] Streams)> StoreWithAStreamAMonthAsync()
    {
        var store = await database.NewStoreAsync(options => options.MonthsAhead = Months - 1);
        var streams = Enumerable.Range(0, Months).Select(_ => Some.Stream()).ToArray();
        for (var month = 0; month < Months; month++)
        {
            await store.ExecuteAsync($"update {{s}}.store set recorded_floor = '{Month.Ahead(month).Start:O}'");
            await store.Store.AppendAsync(streams[month], Some.Events(streams[month], 2), 0);

            // The row of a stream says when it began; the clock does, so the test puts the month of the floor there.
            await store.ExecuteAsync(
                $"""
                alter table {"{s}"}.streams disable trigger user;
                update {"{s}"}.streams set created_at = greatest(created_at, '{Month.Ahead(month).Start:O}')
                where stream_id = '{streams[month].AggregateId}';
                alter table {"{s}"}.streams enable trigger user
                """);
        }

        return (store, streams);
    }
}
