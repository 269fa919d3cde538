using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads ranges of versions of a stream, wherever they are. Thread-safe.</summary>
internal sealed class StreamRanges(PostgresDatabase database, ArchiveBorder border)
{
    private readonly SessionIsolation _isolation = new(database);

    /// <summary>All of a range, in order.</summary>
    public Task<List<EventEnvelope>> ReadAsync(
        StreamId streamId, long low, long high, CancellationToken cancellationToken) =>
        ReadAsync(new Ask(streamId, low, high, ReadDirection.Forward, null), cancellationToken);

    /// <summary>All of a range, in order, inside the caller's transaction.</summary>
    public Task<List<EventEnvelope>> ReadInAsync(
        NpgsqlTransaction transaction, StreamId streamId, long low, long high, CancellationToken cancellationToken) =>
        ReadAcrossAsync(new Ask(streamId, low, high, ReadDirection.Forward, null), transaction, cancellationToken);

    /// <summary>What lies at one end of a range, from there.</summary>
    public Task<List<EventEnvelope>> ReadPageAsync(
        StreamId streamId,
        long low,
        long high,
        ReadDirection direction,
        int maxCount,
        CancellationToken cancellationToken) =>
        ReadAsync(new Ask(streamId, low, high, direction, maxCount), cancellationToken);

    public static void AddStream(NpgsqlParameterCollection parameters, StreamId streamId)
    {
        Add(streamId.AggregateType);
        Add(streamId.AggregateId);

        void Add(string name) =>
            parameters.Add(new NpgsqlParameter<string> { TypedValue = name, NpgsqlDbType = NpgsqlDbType.Text });
    }

    private static string Checked(Ask ask) => (ask.MaxCount, ask.Direction) switch
    {
        (null, _) => "load_stream",
        (_, ReadDirection.Forward) => "load_stream_page",
        _ => "load_stream_page_backward",
    };

    private static string Hot(Ask ask) => (ask.MaxCount, ask.Direction) switch
    {
        (null, _) => "load_stream_hot",
        (_, ReadDirection.Forward) => "load_stream_hot_page",
        _ => "load_stream_hot_page_backward",
    };

    private async Task<List<EventEnvelope>> ReadAsync(Ask ask, CancellationToken cancellationToken)
    {
        await _isolation.CheckAsync(cancellationToken).ConfigureAwait(false);
        if (border.Known == Position.Start)
        {
            try
            {
                return await QueryAsync(Checked(ask), ask, null, cancellationToken).ConfigureAwait(false);
            }
            catch (EventsArchivedException e)
            {
                border.Note(e.Through);
            }
        }

        return await ReadAcrossAsync(ask, null, cancellationToken).ConfigureAwait(false);
    }

    // First the database, then, for what is missing before its first version, the archive: what left the database
    // meanwhile was read there, and what had left it before is in the books.
    private async Task<List<EventEnvelope>> ReadAcrossAsync(
        Ask ask, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var isForward = ask.Direction is ReadDirection.Forward;
        var maxCount = ask.MaxCount ?? int.MaxValue;
        var events = await QueryAsync(Hot(ask), ask, transaction, cancellationToken).ConfigureAwait(false);
        var low = Math.Max(1, ask.Low);
        var high = events.Count == 0 ? ask.High : Math.Min(events[0].Version, events[^1].Version) - 1;
        if (low > high || (!isForward && events.Count == maxCount))
        {
            return events;
        }

        // A transaction with a snapshot of its own may not see the books as they are.
        var lookup = transaction?.IsolationLevel is IsolationLevel.ReadCommitted or IsolationLevel.ReadUncommitted
            ? transaction
            : null;
        var room = isForward ? maxCount : maxCount - events.Count;
        var archived = await border.ReadStreamAsync(
            ask.StreamId, low, high, room, isForward, lookup, cancellationToken).ConfigureAwait(false);
        if (archived.Count == 0)
        {
            return events;
        }

        if (isForward)
        {
            archived.AddRange(events.Take(maxCount - archived.Count));
            return archived;
        }

        events.AddRange(archived);
        return events;
    }

    private async Task<List<EventEnvelope>> QueryAsync(
        string statement, Ask ask, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var events = await database.QueryAsync(
            statement,
            parameters =>
            {
                AddStream(parameters, ask.StreamId);
                parameters.Add(new NpgsqlParameter<long> { TypedValue = ask.Low });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = ask.High });
                if (ask.MaxCount is { } count)
                {
                    parameters.Add(new NpgsqlParameter<long> { TypedValue = count });
                }
            },
            new EventRow(ask.StreamId).Read,
            cancellationToken,
            transaction).ConfigureAwait(false);

        // A page comes in order.
        return ask.MaxCount is not null || IsInOrder(events)
            ? events
            : [.. events.OrderBy(static envelope => envelope.Version)];
    }

    private static bool IsInOrder(List<EventEnvelope> events)
    {
        for (var i = 1; i < events.Count; i++)
        {
            if (events[i].Version < events[i - 1].Version)
            {
                return false;
            }
        }

        return true;
    }

    // All of the range when there is no most.
    private sealed record Ask(StreamId StreamId, long Low, long High, ReadDirection Direction, int? MaxCount);
}
