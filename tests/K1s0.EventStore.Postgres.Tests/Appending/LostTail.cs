namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>
/// Does to a store what a restore or a failover to a standby that lagged does: the last events are gone.
/// </summary>
internal static class LostTail
{
    public static async Task CutAsync(TestStore store, StreamId stream, long keep)
    {
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();

        // As replication applies changes: without the guards.
        await connection.ExecuteAsync(store.Named(
            $$"""
            set local session_replication_role = replica;
            delete from {s}.event_ids i using {s}.streams s
              where s.stream_id = '{{stream.AggregateId}}' and i.stream_key = s.stream_key and i.version > {{keep}};
            delete from {s}.events where stream_id = '{{stream.AggregateId}}' and version > {{keep}};
            delete from {s}.streams where stream_id = '{{stream.AggregateId}}' and {{keep}} = 0;
            update {s}.streams s
              set version = e.version, head_hash = e.chain_hash, head_event_id = e.event_id,
                prior_version = e.version - 1, prior_event_id = e.previous_event_id
              from {s}.events e
              where s.stream_id = '{{stream.AggregateId}}' and e.stream_key = s.stream_key and e.version = {{keep}}
            """));
        await transaction.CommitAsync();
    }
}
