using K1s0.EventStore.Samples.Projections.Domain;
using Npgsql;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>Compares the table with what the events say, folded in memory.</summary>
/// <param name="Accounts">How many accounts both sides know.</param>
/// <param name="EventsInFeed">How many events there are.</param>
/// <param name="EventsInTable">How many events the table says that it was made of.</param>
/// <param name="TotalOfFeed">The sum of all balances by the events.</param>
/// <param name="TotalOfTable">The sum of all balances by the table.</param>
/// <param name="Differences">Accounts whose balance differs, or that one side lacks.</param>
internal sealed record Proof(
    int Accounts,
    long EventsInFeed,
    long EventsInTable,
    long TotalOfFeed,
    long TotalOfTable,
    IReadOnlyList<string> Differences)
{
    public static async Task<Proof> MakeAsync(
        IFeedReader feed, NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        var (events, total) = (0L, 0L);
        var expected = new Dictionary<string, long>(StringComparer.Ordinal);
        var filter = new FeedFilter { StreamTypes = [AccountEvents.StreamType] };
        await foreach (var envelope in feed.ReadFeedAsync(filter: filter, cancellationToken: cancellationToken))
        {
            var (account, change) = (envelope.StreamId.AggregateId, AccountEvents.ChangeOf(envelope));
            expected[account] = expected.GetValueOrDefault(account) + change;
            (events, total) = (events + 1, total + change);
        }

        var (tableEvents, tableTotal) = (0L, 0L);
        var actual = new Dictionary<string, long>(StringComparer.Ordinal);
        await using var command = dataSource.CreateCommand("select account, cents, events from public.balances");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            actual.Add(reader.GetString(0), reader.GetInt64(1));
            (tableEvents, tableTotal) = (tableEvents + reader.GetInt64(2), tableTotal + reader.GetInt64(1));
        }

        var differences = expected.Keys.Union(actual.Keys, StringComparer.Ordinal)
            .Where(account => !expected.TryGetValue(account, out var left)
                || !actual.TryGetValue(account, out var right) || left != right)
            .ToArray();
        return new Proof(expected.Count, events, tableEvents, total, tableTotal, differences);
    }
}
