using K1s0.EventStore.Postgres;
using K1s0.EventStore.Samples.Projections.Domain;
using Npgsql;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>
/// One row an account. Adding to a balance is the hard case: an event that is handled twice, or not at all, stays visible
/// for ever.
/// </summary>
internal sealed class BalanceTable : IProjection
{
    public const string Name = "balances";

    public IReadOnlyList<string> Tables => [Name];

    public FeedFilter? Filter { get; } = new() { StreamTypes = [AccountEvents.StreamType] };

    public bool IsKeyedByStream => true;

    public async Task CreateTablesAsync(ProjectionContext context, CancellationToken cancellationToken)
    {
        await using var command = context.CreateCommand(
            $"""
            create table {context.Table(Name)} (
              account text not null,
              cents bigint not null,
              events bigint not null,
              constraint balances_pkey primary key (account))
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task ApplyAsync(
        IReadOnlyList<EventEnvelope> events, ProjectionContext context, CancellationToken cancellationToken)
    {
        // One statement for the whole batch: the events of an account are added up before they are sent.
        var changes = events.GroupBy(envelope => envelope.StreamId.AggregateId, StringComparer.Ordinal)
            .Select(account => (Account: account.Key, Cents: account.Sum(AccountEvents.ChangeOf), Events: account.LongCount()))
            .ToArray();
        await using var command = context.CreateCommand(
            $"""
            insert into {context.Table(Name)} as b (account, cents, events)
            select * from unnest($1, $2, $3)
            on conflict (account) do update
            set cents = b.cents + excluded.cents, events = b.events + excluded.events
            """);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. changes.Select(change => change.Account)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. changes.Select(change => change.Cents)] });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. changes.Select(change => change.Events)] });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
