using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads the feed up to the settled bound. Thread-safe.</summary>
internal sealed class PostgresFeed(PostgresDatabase database, SettledBoundProbe probe, ArchiveBorder border)
{
    /// <summary>
    /// The most positions that one statement with a filter looks at, whatever the filter lets through: so it ends in
    /// time on a store of any size.
    /// </summary>
    public const long MaxPositions = 250_000;

    public async Task<FeedPage> ReadPageAsync(
        Position after, FeedFilter? filter, int maxCount, CancellationToken cancellationToken)
    {
        if (after >= border.Known)
        {
            try
            {
                return await ReadHotPageAsync(after, filter, maxCount, cancellationToken).ConfigureAwait(false);
            }
            catch (EventsArchivedException e)
            {
                border.Note(e.Through);
            }
        }

        // Null when what was known of the border is of a store that was brought back to an earlier time.
        return await ReadArchivedPageAsync(after, filter, maxCount, cancellationToken).ConfigureAwait(false)
            ?? await ReadHotPageAsync(after, filter, maxCount, cancellationToken).ConfigureAwait(false);
    }

    private async Task<FeedPage?> ReadArchivedPageAsync(
        Position after, FeedFilter? filter, int maxCount, CancellationToken cancellationToken)
    {
        if (await border.ReadFeedAsync(after, filter, maxCount, cancellationToken).ConfigureAwait(false)
            is not { } stretch)
        {
            return null;
        }

        var bound = probe.Latest;
        if (bound <= stretch.ReadTo)
        {
            bound = (await probe.AskAsync(cancellationToken).ConfigureAwait(false)).Bound;
        }

        return new FeedPage(stretch.Events, stretch.ReadTo, bound) { Archive = stretch.Scan };
    }

    private async Task<FeedPage> ReadHotPageAsync(
        Position after, FeedFilter? filter, int maxCount, CancellationToken cancellationToken)
    {
        // A bound that is known already is final for ever; a new one is asked for only where what is known ends. The
        // statement itself finds nothing on a server whose sequence is not as far.
        var known = probe.Latest;
        var readTo = after;
        List<EventEnvelope> events = [];
        if (after < known)
        {
            readTo = EndOfStatement(after, known, filter);
            events = await QueryAsync(after, readTo, filter, maxCount, cancellationToken).ConfigureAwait(false);
            if (events.Count == maxCount)
            {
                return new FeedPage(events, events[^1].Position, known);
            }
        }

        var bound = (await probe.AskAsync(cancellationToken).ConfigureAwait(false)).Bound;
        if (bound < known)
        {
            // This is not the feed that the bound was known of: what was read up to it is read again, up to the new
            // one.
            events.Clear();
            (known, readTo) = (after, after);
        }

        // Where the first statement did not come to the end of what was known, the page ends.
        if (readTo >= known && readTo < bound)
        {
            var from = readTo;
            readTo = EndOfStatement(from, bound, filter);
            events.AddRange(
                await QueryAsync(from, readTo, filter, maxCount - events.Count, cancellationToken)
                    .ConfigureAwait(false));
        }

        return new FeedPage(events, events.Count == maxCount ? events[^1].Position : readTo, bound);
    }

    private static bool IsFiltered(FeedFilter? filter) => filter is not null && filter != new FeedFilter();

    private static Position EndOfStatement(Position after, Position bound, FeedFilter? filter) =>
        IsFiltered(filter) && bound.Value - after.Value > MaxPositions
            ? new Position(after.Value + MaxPositions)
            : bound;

    private Task<List<EventEnvelope>> QueryAsync(
        Position after, Position bound, FeedFilter? filter, int maxCount, CancellationToken cancellationToken)
    {
        // With a filter the statement is planned anew, so that only the members that are set take part in the plan.
        var isFiltered = IsFiltered(filter);
        return database.QueryAsync(
            isFiltered ? "read_feed_page_filtered" : "read_feed_page",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = bound.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = maxCount });
                if (isFiltered)
                {
                    AddFilter(parameters, filter!);
                }
            },
            new EventRow().Read,
            cancellationToken,
            prepare: !isFiltered);
    }

    /// <summary>The parameters of a filter: each null where it lets everything through.</summary>
    public static void AddFilter(NpgsqlParameterCollection parameters, FeedFilter filter)
    {
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, filter.EventTypes is { Count: > 0 } types ? types.ToArray() : null);
        Add(NpgsqlDbType.Array | NpgsqlDbType.Text, filter.StreamTypes is { Count: > 0 } streams ? streams.ToArray()
            : null);
        Add(NpgsqlDbType.Text, string.IsNullOrEmpty(filter.StreamPrefix) ? null : filter.StreamPrefix);
        Add(NpgsqlDbType.TimestampTz, filter.RecordedFrom?.UtcDateTime);
        Add(NpgsqlDbType.TimestampTz, filter.RecordedBefore?.UtcDateTime);

        void Add(NpgsqlDbType type, object? value) =>
            parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value ?? DBNull.Value });
    }
}
