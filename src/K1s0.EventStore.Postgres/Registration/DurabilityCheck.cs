namespace K1s0.EventStore.Postgres;

/// <summary>Refuses a server that confirms what a crash of it can lose, unless the application accepts that.</summary>
internal static class DurabilityCheck
{
    public static async Task RunAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        if (database.Options.AllowUnsafeDurability)
        {
            return;
        }

        var rows = await database.QueryAsync(
            "check_durability",
            static _ => { },
            static reader => (Fsync: reader.GetString(0), Commit: reader.GetString(1)),
            cancellationToken,
            prepare: false).ConfigureAwait(false);
        var (fsync, commit) = rows[0];
        if (fsync is "off" || commit is "off")
        {
            throw new StoreDurabilityException(
                $"The server has fsync={fsync} and synchronous_commit={commit}: it confirms appends that a crash can "
                    + "lose. Switch both on, or "
                + $"set {nameof(PostgresOptions)}.{nameof(PostgresOptions.AllowUnsafeDurability)} for data that may "
                + "be lost.");
        }
    }
}
