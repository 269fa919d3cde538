using System.Text;
using System.Text.Json;

namespace K1s0.EventStore.Sqlite;

/// <summary>Reads the feed up to the settled bound. Thread-safe.</summary>
/// <remarks>
/// The bound needs no proof here: SQLite lets one transaction write at a time, positions are drawn inside it, and its
/// commit shows all of its rows at once. So when a position can be seen, everything below it can be seen too, and a
/// reader that asks for the bound first and reads up to it in a later statement misses nothing.
/// </remarks>
internal sealed class FeedQueries(SqliteStoreFile file)
{
    public Task<Position> GetBoundAsync(CancellationToken cancellationToken) =>
        file.ReadAsync(ReadBound, cancellationToken);

    public Task<FeedPage> ReadPageAsync(
        Position after, FeedFilter? filter, int maxCount, CancellationToken cancellationToken) =>
        file.ReadAsync(
            session =>
            {
                var bound = ReadBound(session);
                var events = after < bound ? Query(session, after, bound, filter, maxCount) : [];
                var readTo = events.Count == maxCount ? events[^1].Position : bound;
                return new FeedPage(events, readTo > after ? readTo : after, bound);
            },
            cancellationToken);

    private static Position ReadBound(SqliteSession session) => new(session.Number("settled_bound"));

    private static List<EventEnvelope> Query(
        SqliteSession session, Position after, Position bound, FeedFilter? filter, int maxCount) =>
        filter is null || filter == new FeedFilter()
            ? session.Query("read_feed_page", new EventRow().Read, after.Value, bound.Value, maxCount)
            : session.Query(
                "read_feed_page_filtered",
                new EventRow().Read,
                after.Value,
                bound.Value,
                maxCount,
                Names(filter.EventTypes),
                Names(filter.StreamTypes),
                string.IsNullOrEmpty(filter.StreamPrefix) ? null : Encoding.UTF8.GetBytes(filter.StreamPrefix),
                filter.RecordedFrom is { } from ? UnixMicroseconds.Ceiling(from) : null,
                filter.RecordedBefore is { } before ? UnixMicroseconds.Ceiling(before) : null);

    private static string? Names(IReadOnlyCollection<string>? names)
    {
        if (names is not { Count: > 0 })
        {
            return null;
        }

        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartArray();
            foreach (var name in names)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
