using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Answers appends that expected a version which their stream, by what this process knows, has left behind while they
/// waited: all of them in one round trip that reads, instead of one that writes for each. Thread-safe.
/// </summary>
/// <remarks>
/// What this process knows only sorts the appends; the server gives the answer. An append that is stored already, or
/// whose stream is not where it was believed to be, is sent like any other.
/// </remarks>
internal sealed class LateAppends(PostgresDatabase database, PostgresAppender appender, StreamHeadCache heads)
{
    /// <summary>Tells every append its outcome; this method does not fail.</summary>
    public async Task AnswerAsync(IReadOnlyList<QueuedAppend> batch)
    {
        List<(QueuedAppend Append, bool IsStored)> rest;
        try
        {
            rest = await RefuseAsync(batch).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Only read, so nothing was written. Every append is told, whatever it was.
            var failure = e is EventStoreException reason
                ? new AttemptFailedException(reason, AttemptOutcome.NotWritten, reason.IsTransient)
                : e;
            foreach (var queued in batch.Where(queued => !queued.Completion.IsCompleted))
            {
                queued.Fail(failure);
            }

            return;
        }

        foreach (var (queued, isStored) in rest)
        {
            await (isStored ? appender.AnswerStoredAsync(queued) : appender.TryAppendBatchAsync([queued]))
                .ConfigureAwait(false);
        }
    }

    // Returns those that are not late after all, or stored already.
    private async Task<List<(QueuedAppend Append, bool IsStored)>> RefuseAsync(IReadOnlyList<QueuedAppend> batch)
    {
        // One statement, one snapshot: if the stream had moved on and the event was not there, it cannot come any more.
        var rows = await database.QueryAsync(
            "find_late_appends",
            parameters => AddParameters(parameters, batch),
            static reader => (
                Entry: reader.GetInt32(0),
                Version: new StreamVersion(reader.GetInt64(1)),
                IsStored: reader.GetBoolean(2)),
            CancellationToken.None).ConfigureAwait(false);
        var rest = new List<(QueuedAppend Append, bool IsStored)>();
        foreach (var (entry, version, isStored) in rows)
        {
            var queued = batch[entry - 1];
            var (streamId, expected) = (queued.Append.StreamId, queued.Append.Expected);
            var isLate = version > expected.ExactVersion;
            if (!isLate)
            {
                heads.Forget(streamId);
            }

            if (isLate && !isStored)
            {
                queued.Fail(new AttemptFailedException(
                    new ConcurrencyException(streamId, expected, version),
                    AttemptOutcome.NeverWritten,
                    isWorthRepeating: false));
            }
            else
            {
                rest.Add((queued, isStored));
            }
        }

        return rest;
    }

    private static void AddParameters(NpgsqlParameterCollection parameters, IReadOnlyList<QueuedAppend> batch)
    {
        Add(batch.Select(queued => queued.Append.StreamId.AggregateType), NpgsqlDbType.Text);
        Add(batch.Select(queued => queued.Append.StreamId.AggregateId), NpgsqlDbType.Text);
        Add(
            batch.SelectMany((queued, i) => Enumerable.Repeat(i + 1, queued.Append.Events.Count)),
            NpgsqlDbType.Integer);
        Add(batch.SelectMany(queued => queued.Append.Events).Select(envelope => envelope.Id), NpgsqlDbType.Uuid);

        void Add<T>(IEnumerable<T> values, NpgsqlDbType type) =>
            parameters.Add(
                new NpgsqlParameter<T[]> { TypedValue = [.. values], NpgsqlDbType = NpgsqlDbType.Array | type });
    }
}
