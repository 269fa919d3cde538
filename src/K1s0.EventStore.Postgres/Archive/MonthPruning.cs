using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Lets months leave the database. Thread-safe.</summary>
internal sealed class MonthPruning(ArchiveSteps steps)
{
    // Less than what PostgreSQL waits before it looks for deadlocks: the archive gives way, never an append.
    private static readonly TimeSpan LockTimeout = TimeSpan.FromMilliseconds(500);

    public async Task<Position> PruneAsync(Lease lease, DateTimeOffset month, CancellationToken cancellationToken)
    {
        // First in a transaction of its own: hashing the month may take hours, and would be for nothing where readers
        // are in the way of its end.
        await steps.RunAsync("can_lock_events", lease, AddLockTimeout, static _ => 0, cancellationToken)
            .ConfigureAwait(false);
        return await steps.RunAsync(
            "prune_month",
            lease,
            parameters =>
            {
                parameters.AddValue(month);
                AddLockTimeout(parameters);
            },
            static reader => new Position(reader.IsDBNull(2) ? 0 : reader.GetInt64(2)),
            cancellationToken).ConfigureAwait(false);
    }

    private static void AddLockTimeout(NpgsqlParameterCollection parameters) => parameters.Add(
        new NpgsqlParameter<TimeSpan> { TypedValue = LockTimeout, NpgsqlDbType = NpgsqlDbType.Interval });
}
