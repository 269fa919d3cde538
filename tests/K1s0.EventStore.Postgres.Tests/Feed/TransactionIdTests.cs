namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>Transaction ids begin anew in every server: nothing that a dump carries may hold one.</summary>
public sealed class TransactionIdTests
{
    [Fact]
    public async Task No_table_of_the_store_holds_a_transaction_id()
    {
        await using var feed = await FeedStore.CreateAsync();
        await using var session = await feed.OpenSessionAsync();

        var columns = await session.ListAsync<string>(
            """
            select format('%s.%s %s', c.relname, a.attname, a.atttypid::regtype)
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid
            where c.relnamespace = 'event_store'::regnamespace and c.relkind in ('r', 'p', 'm', 'v') and a.attnum > 0
            """);

        columns.Should().Contain("events.position bigint", "the question finds the columns");
        columns.Should().NotContain(column => column.EndsWith(" xid", StringComparison.Ordinal)
            || column.EndsWith(" xid8", StringComparison.Ordinal)
            || column.EndsWith(" pg_snapshot", StringComparison.Ordinal)
            || column.EndsWith(" txid_snapshot", StringComparison.Ordinal)
            || column.EndsWith(" pg_lsn", StringComparison.Ordinal));
    }
}
