using System.Globalization;

namespace K1s0.EventStore.Postgres.Tests.Partitions;

/// <summary>A calendar month in UTC, relative to the one that the test runs in.</summary>
internal sealed record Month(DateTimeOffset Start)
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    public DateTimeOffset End => Start.AddMonths(1);

    public string Partition => string.Create(CultureInfo.InvariantCulture, $"events_{Start:yyyy_MM}");

    /// <summary>As PostgreSQL prints them.</summary>
    public string Bounds => string.Create(
        CultureInfo.InvariantCulture,
        $"FOR VALUES FROM ('{Start:yyyy-MM-dd} 00:00:00+00') TO ('{End:yyyy-MM-dd} 00:00:00+00')");

    public static Month Ahead(int months) =>
        new(new DateTimeOffset(Now.Year, Now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(months));

    public static Task<IReadOnlyList<string>> PartitionsAsync(TestStore store) => store.ColumnAsync<string>(
        """
        select c.relname::text from pg_class c join pg_inherits i on i.inhrelid = c.oid
        where i.inhparent = '{s}.events'::regclass order by 1
        """);

    public static async Task<IReadOnlyList<string>> BoundsAsync(TestStore store)
    {
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync("set timezone = 'UTC'; set datestyle = 'ISO'");
        await using var command = new Npgsql.NpgsqlCommand(
            store.Named(
                """
                select pg_get_expr(c.relpartbound, c.oid)
                from pg_class c join pg_inherits i on i.inhrelid = c.oid
                where i.inhparent = '{s}.events'::regclass order by c.relname
                """),
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        var bounds = new List<string>();
        while (await reader.ReadAsync())
        {
            bounds.Add(reader.GetString(0));
        }

        return bounds;
    }
}
