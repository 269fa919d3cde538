namespace K1s0.EventStore.Postgres;

/// <summary>
/// Refuses a server that confirms what a crash of it can lose, unless the application accepts that; and, always,
/// sessions whose statements would overlook what is committed while they wait.
/// </summary>
internal static class DurabilityCheck
{
    public static async Task RunAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        var (fsync, commit, isolation) = await AskAsync(database, cancellationToken).ConfigureAwait(false);
        Check(isolation);
        if (!database.Options.AllowUnsafeDurability && (fsync is "off" || commit is "off"))
        {
            throw new StoreDurabilityException(
                $"The server has fsync={fsync} and synchronous_commit={commit}: it confirms appends that a crash can "
                    + "lose. Switch both on, or "
                + $"set {nameof(PostgresOptions)}.{nameof(PostgresOptions.AllowUnsafeDurability)} for data that may "
                + "be lost.");
        }
    }

    /// <summary>The part that no option accepts.</summary>
    /// <exception cref="StoreDurabilityException">Sessions default to snapshots that are kept.</exception>
    public static async Task CheckIsolationAsync(PostgresDatabase database, CancellationToken cancellationToken) =>
        Check((await AskAsync(database, cancellationToken).ConfigureAwait(false)).Isolation);

    private static async Task<(string Fsync, string Commit, string Isolation)> AskAsync(
        PostgresDatabase database, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync(
            "check_durability",
            static _ => { },
            static reader => (
                Fsync: reader.GetString(0), Commit: reader.GetString(1), Isolation: reader.GetString(2)),
            cancellationToken,
            prepare: false).ConfigureAwait(false);
        return rows[0];
    }

    private static void Check(string isolation)
    {
        if (isolation is not ("read committed" or "read uncommitted"))
        {
            throw new StoreDurabilityException(
                $"The sessions have default_transaction_isolation='{isolation}': a read that waits would overlook "
                    + "events that were confirmed meanwhile, or that left for the archive. Set it to 'read committed' "
                + "for the role or the connection string of the store.");
        }
    }
}
