using System.Runtime.InteropServices;
using K1s0.EventStore.Postgres;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Rebuilds;

/// <summary>A row a stream: the sum of its amounts.</summary>
internal sealed class AmountTable : IProjection
{
    private const string Name = "amounts";

    public IReadOnlyList<string> Tables { get; } = [Name];

    public bool IsKeyedByStream => true;

    public async Task CreateTablesAsync(ProjectionContext context, CancellationToken cancellationToken)
    {
        await using var command = context.CreateCommand(
            $"create table {context.Table(Name)} (stream text primary key, cents bigint not null, events bigint not null)");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ApplyAsync(
        IReadOnlyList<EventEnvelope> events, ProjectionContext context, CancellationToken cancellationToken)
    {
        var changes = new Dictionary<string, (long Cents, long Events)>(StringComparer.Ordinal);
        foreach (var envelope in events)
        {
            ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(
                changes, envelope.StreamId.AggregateId, out _);
            change = (change.Cents + OrderAmount.Of(envelope.PayloadUtf8.Span), change.Events + 1);
        }

        await using var command = context.CreateCommand(
            $"""
            insert into {context.Table(Name)} as a (stream, cents, events)
            select * from unnest($1, $2, $3)
            on conflict (stream) do update set cents = a.cents + excluded.cents, events = a.events + excluded.events
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. changes.Keys] });
        command.Parameters.Add(
            new NpgsqlParameter<long[]> { TypedValue = [.. changes.Values.Select(change => change.Cents)] });
        command.Parameters.Add(
            new NpgsqlParameter<long[]> { TypedValue = [.. changes.Values.Select(change => change.Events)] });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
