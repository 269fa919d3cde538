using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>
/// A row a stream: the sum of the quantities, and how many events there were. Whatever is lost or doubled shows in it.
/// </summary>
internal sealed class Balances(
    string schema, Func<IReadOnlyList<EventEnvelope>, ProjectionContext, Task>? act = null) : IProjection
{
    public const string Table = "balances";

    public IReadOnlyList<string> Tables => [Table];

    public string Schema => schema;

    public FeedFilter? Filter { get; init; }

    public bool IsKeyedByStream { get; init; } = true;

    /// <summary>What the events say, folded in memory: what the table must equal.</summary>
    public static Dictionary<string, (long Balance, long Events)> Fold(IEnumerable<EventEnvelope> events) =>
        events.GroupBy(envelope => envelope.StreamId.ToString(), StringComparer.Ordinal).ToDictionary(
            stream => stream.Key, stream => (stream.Sum(Quantity), stream.LongCount()), StringComparer.Ordinal);

    public static async Task<Dictionary<string, (long Balance, long Events)>> ReadAsync(TestStore store)
    {
        await using var command = store.DataSource.CreateCommand(
            store.Named("select stream, balance, events from {s}.balances"));
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0), (reader.GetInt64(1), reader.GetInt64(2)));
        }

        return rows;
    }

    public async Task CreateTablesAsync(ProjectionContext context, CancellationToken cancellationToken)
    {
        await using var command = context.CreateCommand(
            $"""
            create table {context.Table(Table)} (
              stream text not null,
              balance bigint not null,
              events bigint not null,
              constraint balances_key primary key (stream));
            create index balances_by_size on {context.Table(Table)} (balance)
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ApplyAsync(
        IReadOnlyList<EventEnvelope> events, ProjectionContext context, CancellationToken cancellationToken)
    {
        var changes = Fold(events);
        await using var command = context.CreateCommand(
            $"""
            insert into {context.Table(Table)} as b (stream, balance, events)
            select * from unnest($1, $2, $3)
            on conflict on constraint balances_key do update
            set balance = b.balance + excluded.balance, events = b.events + excluded.events
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. changes.Keys] });
        command.Parameters.Add(
            new NpgsqlParameter<long[]> { TypedValue = [.. changes.Values.Select(change => change.Balance)] });
        command.Parameters.Add(
            new NpgsqlParameter<long[]> { TypedValue = [.. changes.Values.Select(change => change.Events)] });
        await command.ExecuteNonQueryAsync(cancellationToken);
        if (act is not null)
        {
            await act(events, context);
        }
    }

    private static long Quantity(EventEnvelope envelope) => envelope.Payload.GetProperty("quantity").GetInt64();
}
