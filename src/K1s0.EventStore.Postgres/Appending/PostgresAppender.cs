using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Sends appends to the server and says what became of them. Thread-safe.</summary>
/// <remarks>
/// An exception in the middle leaves nothing half-written: the server's function is one statement, in a transaction of
/// its own or the caller's. Whether that transaction committed is what the classification here is about.
/// </remarks>
internal sealed class PostgresAppender(AppendSender sender, RepeatedAppends repeated, StreamHeadCache heads)
{
    /// <summary>
    /// Tries once, in a transaction of its own. The token counts until the command is sent; from there on giving up
    /// would not tell whether the events are stored.
    /// </summary>
    /// <exception cref="AttemptFailedException">It did not succeed; says whether it certainly did nothing.</exception>
    public async Task<AppendResult[]> TryAppendAsync(
        IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var connection = await sender.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var planned = Plan(appends);
            var outcomes = await sender.SendAsync(
                connection,
                null,
                planned.Length == 1 ? "append_stream" : "append_atomic",
                parameters => AddParameters(parameters, planned),
                ReadOutcome,
                cancellationToken).ConfigureAwait(false);
            if (outcomes is not null && outcomes.Count(outcome => outcome.Outcome.Applied) == planned.Length)
            {
                return
                [
                    .. outcomes.OrderBy(row => row.Entry).Select(row => Applied(planned[row.Entry - 1], row.Outcome)),
                ];
            }

            return outcomes is null || outcomes.Any(outcome => outcome.Outcome.IsSeen)
                ? await FindRepeatedAsync(connection, null, appends).ConfigureAwait(false)
                : throw Refusal(planned, outcomes);
        }
    }

    /// <summary>
    /// Tries once for a batch of appends to different streams, each for itself, in one transaction. Every append is
    /// told its own outcome; this method does not fail.
    /// </summary>
    public async Task TryAppendBatchAsync(IReadOnlyList<QueuedAppend> batch)
    {
        try
        {
            if (batch is not [var single])
            {
                await AppendManyAsync(batch).ConfigureAwait(false);
                return;
            }

            single.Succeed((await TryAppendAsync([single.Append], CancellationToken.None).ConfigureAwait(false))[0]);
        }
        catch (AttemptFailedException e) when (batch.Count > 1 && e.Outcome is AttemptOutcome.NotWritten
            && !e.IsWorthRepeating)
        {
            // One of them is bad, nobody knows which: nothing was written, so each is sent by itself.
            await AppendOneByOneAsync(batch).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            foreach (var queued in batch.Where(queued => !queued.Completion.IsCompleted))
            {
                queued.Fail(e);
            }
        }
    }

    /// <summary>
    /// Answers an append whose event ids are stored already, as the server has said: it was made before, or the ids are
    /// taken. This method does not fail.
    /// </summary>
    public async Task AnswerStoredAsync(QueuedAppend queued)
    {
        try
        {
            var connection = await sender.OpenAsync(CancellationToken.None).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                queued.Succeed((await repeated.FindAsync(
                    connection, null, [queued.Append], CancellationToken.None).ConfigureAwait(false))[0]);
            }
        }
        catch (Exception e)
        {
            queued.Fail(AsStored(e));
        }
    }

    /// <summary>Appends in the caller's transaction, which stays usable when the append is refused.</summary>
    public async Task<AppendResult[]> AppendInAsync(
        NpgsqlTransaction transaction, IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        try
        {
            return await TryAppendInAsync(transaction, appends, cancellationToken).ConfigureAwait(false);
        }
        catch (AttemptFailedException e)
        {
            throw e.Reason;
        }
    }

    /// <summary>The same, and says what is known of the attempt when it fails.</summary>
    /// <exception cref="AttemptFailedException">It did not succeed.</exception>
    public async Task<AppendResult[]> TryAppendInAsync(
        NpgsqlTransaction transaction, IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var connection = PostgresDatabase.Connection(transaction);

        // Heads are not remembered here: nobody knows yet whether the caller commits.
        PlannedAppend[] planned = [.. appends.Select(append => PlannedAppend.Create(append, cached: null))];
        var outcomes = await sender.SendAsync(
            connection,
            transaction,
            "append_atomic",
            parameters => AppendParameters.AddMany(parameters, planned),
            ReadOutcome,
            cancellationToken).ConfigureAwait(false);
        return outcomes!.All(outcome => outcome.Outcome.Applied)
            ? [.. outcomes!.OrderBy(row => row.Entry).Select(row => Result(planned[row.Entry - 1], row.Outcome))]
            : outcomes!.Any(outcome => outcome.Outcome.IsSeen)
            ? await FindRepeatedAsync(connection, transaction, appends).ConfigureAwait(false)
            : throw Refusal(planned, outcomes!);
    }

    private async Task<AppendResult[]> FindRepeatedAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, IReadOnlyList<ValidatedAppend> appends)
    {
        try
        {
            return await repeated.FindAsync(connection, transaction, appends, default).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw AsStored(e);
        }
    }

    // The ids are stored, nobody knows yet for which events: neither a failure nor a token may now say that nothing was
    // written.
    private static AttemptFailedException AsStored(Exception e) => e switch
    {
        AttemptFailedException { Outcome: AttemptOutcome.NeverWritten } never => never,
        AttemptFailedException failure => new AttemptFailedException(
            failure.Reason, AttemptOutcome.Unknown, failure.IsWorthRepeating),
        _ => new AttemptFailedException(
            new StoreUnavailableException("The append is stored already, but it could not be read.", e),
            AttemptOutcome.Unknown,
            isWorthRepeating: false),
    };

    private PlannedAppend[] Plan(IReadOnlyList<ValidatedAppend> appends) =>
        [.. appends.Select(append => PlannedAppend.Create(append, heads.Find(append.StreamId)))];

    private async Task AppendManyAsync(IReadOnlyList<QueuedAppend> batch)
    {
        if (await SendManyAsync(batch).ConfigureAwait(false) is not { } stored)
        {
            // Undone, because an id in it is taken.
            await AppendOneByOneAsync(batch).ConfigureAwait(false);
            return;
        }

        foreach (var queued in stored)
        {
            await AnswerStoredAsync(queued).ConfigureAwait(false);
        }
    }

    // Returns, when the connection is free again, the appends whose event ids are stored already; null when the batch
    // was undone because an id in it is taken.
    private async Task<IReadOnlyList<QueuedAppend>?> SendManyAsync(IReadOnlyList<QueuedAppend> batch)
    {
        var connection = await sender.OpenAsync(CancellationToken.None).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var planned = Plan([.. batch.Select(queued => queued.Append)]);
            var outcomes = await sender.SendAsync(
                connection,
                null,
                "append_events",
                parameters => AppendParameters.AddMany(parameters, planned),
                ReadOutcome,
                CancellationToken.None).ConfigureAwait(false);
            if (outcomes is null)
            {
                return null;
            }

            foreach (var (entry, outcome) in outcomes.Where(outcome => outcome.Outcome.Applied))
            {
                batch[entry - 1].Succeed(Applied(planned[entry - 1], outcome));
            }

            var refused = outcomes.Where(row => !batch[row.Entry - 1].Completion.IsCompleted).ToArray();
            foreach (var (entry, outcome) in refused.Where(row => !row.Outcome.IsSeen))
            {
                batch[entry - 1].Fail(Refusal(planned[entry - 1], outcome));
            }

            return [.. refused.Where(row => row.Outcome.IsSeen).Select(row => batch[row.Entry - 1])];
        }
    }

    private async Task AppendOneByOneAsync(IReadOnlyList<QueuedAppend> batch)
    {
        foreach (var queued in batch)
        {
            await TryAppendBatchAsync([queued]).ConfigureAwait(false);
        }
    }

    private static void AddParameters(NpgsqlParameterCollection parameters, PlannedAppend[] planned)
    {
        if (planned is [var one])
        {
            AppendParameters.AddOne(parameters, one);
        }
        else
        {
            AppendParameters.AddMany(parameters, planned);
        }
    }

    private AppendResult Applied(PlannedAppend planned, AppendOutcome outcome)
    {
        heads.Remember(planned.Append.StreamId, new KnownHead(outcome.Version, outcome.HeadHash));
        return Result(planned, outcome);
    }

    private static AppendResult Result(PlannedAppend append, AppendOutcome outcome) => new()
    {
        StreamId = append.Append.StreamId,
        Version = new StreamVersion(outcome.Version),
        FirstPosition = new Position(outcome.FirstPosition),
        LastPosition = new Position(outcome.LastPosition),
        RecordedAt = outcome.RecordedAt,
    };

    private AttemptFailedException Refusal(PlannedAppend[] planned, List<(int Entry, AppendOutcome Outcome)> outcomes)
    {
        var refusals = outcomes.Where(outcome => !outcome.Outcome.Applied)
            .Select(outcome => Refusal(planned[outcome.Entry - 1], outcome.Outcome))
            .ToArray();
        return refusals.FirstOrDefault(refusal => !refusal.IsWorthRepeating) ?? refusals[0];
    }

    private AttemptFailedException Refusal(PlannedAppend planned, AppendOutcome outcome)
    {
        var (streamId, expected) = (planned.Append.StreamId, planned.Append.Expected);
        heads.Forget(streamId);
        var actual = new StreamVersion(outcome.Version);
        if (!expected.Accepts(actual))
        {
            // A lost earlier attempt that still runs can only succeed if the stream has yet to get where it was
            // expected.
            var isFinal = expected.ExactVersion is { } exact && actual > exact;
            return new AttemptFailedException(
                new ConcurrencyException(streamId, expected, actual),
                isFinal ? AttemptOutcome.NeverWritten : AttemptOutcome.NotWritten,
                isWorthRepeating: false);
        }

        if (expected.ExactVersion == actual && planned.Known.Version == actual.Value
            && planned.Known.Hash != outcome.HeadHash)
        {
            return new AttemptFailedException(
                new StreamDivergedException(streamId, actual), AttemptOutcome.NotWritten, isWorthRepeating: false);
        }

        // What this process believed of the head was wrong, or the stream came to be in this very moment: the next try
        // knows better.
        return new AttemptFailedException(
            new StoreUnavailableException("The append met a stream that changed while it was looked at."),
            AttemptOutcome.NotWritten,
            isWorthRepeating: true);
    }

    private static (int Entry, AppendOutcome Outcome) ReadOutcome(NpgsqlDataReader reader)
    {
        var applied = reader.GetBoolean(1);
        return (reader.GetInt32(0), new AppendOutcome(
            applied,
            reader.GetInt64(2),
            reader.IsDBNull(3) ? default : new Sha256Digest(reader.GetFieldValue<byte[]>(3)),
            applied ? reader.GetInt64(5) : 0,
            applied ? reader.GetInt64(6) : 0,
            applied ? reader.GetFieldValue<DateTimeOffset>(7) : default,
            reader.GetBoolean(8)));
    }
}
