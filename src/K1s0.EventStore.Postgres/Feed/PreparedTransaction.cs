using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// A transaction that was prepared for a two-phase commit and waits to be decided, by <c>commit prepared</c> or
/// <c>rollback prepared</c>. It has no session, and outlives a restart of the server.
/// </summary>
/// <param name="Gid">The identifier that it was prepared under.</param>
/// <param name="Owner">The role that prepared it; that role or a superuser decides it.</param>
/// <param name="Database">The database to be connected to for that.</param>
public sealed record PreparedTransaction(string Gid, string Owner, string Database)
{
    internal static PreparedTransaction? Read(NpgsqlDataReader reader, int first) =>
        reader.IsDBNull(first)
            ? null
            : new PreparedTransaction(
                reader.GetString(first), reader.GetString(first + 1), reader.GetString(first + 2));

    /// <summary>What somebody has to run to end it.</summary>
    internal string Advice()
    {
        var literal = $"'{Gid.Replace("'", "''", StringComparison.Ordinal)}'";
        return $"Run commit prepared {literal} or rollback prepared {literal} in database {Database}, as {Owner} or a "
            + "superuser.";
    }
}
