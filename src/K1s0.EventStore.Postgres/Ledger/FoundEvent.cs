using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>What looking for one event by its id has found.</summary>
internal static class FoundEvent
{
    /// <summary>The one row; null when there is none.</summary>
    /// <exception cref="EventsArchivedException">There is none because the event has left the database.</exception>
    /// <exception cref="LogDivergedException">There are several.</exception>
    public static async Task<TRow?> OneAsync<TRow>(
        PostgresDatabase database, Guid eventId, List<TRow> rows, CancellationToken cancellationToken)
        where TRow : class
    {
        if (rows.Count == 0)
        {
            var bounds = await database.QueryAsync(
                "find_archived_places",
                parameters => parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [eventId] }),
                static reader => new Position(reader.GetInt64(4)),
                cancellationToken).ConfigureAwait(false);
            return bounds is [var bound, ..] ? throw new EventsArchivedException(bound) : null;
        }

        return rows is [var row]
            ? row
            : throw new LogDivergedException(
                new TreeHead("of this store", 0, MerkleHash.Empty),
                0,
                $"Event {eventId}, or the one before it, stands twice.");
    }
}
