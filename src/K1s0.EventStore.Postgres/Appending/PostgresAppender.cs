using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Sends appends to the server and says what became of them. Thread-safe.</summary>
/// <remarks>
/// An exception in the middle leaves nothing half-written: the server's function is one statement, in a transaction of its own
/// or the caller's. Whether that transaction committed is what the classification here is about.
/// </remarks>
internal sealed class PostgresAppender(PostgresDatabase database, StreamHeadCache heads)
{
    /// <summary>
    /// Tries once, in a transaction of its own. The token counts until the command is sent; from there on giving up would not
    /// tell whether the events are stored.
    /// </summary>
    /// <exception cref="AttemptFailedException">It did not succeed; says whether it certainly did nothing.</exception>
    public async Task<AppendResult[]> TryAppendAsync(IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var planned = Plan(appends);
            var outcomes = await SendAsync(
                connection,
                null,
                planned.Length == 1 ? "append_events" : "append_atomic",
                parameters => AppendParameters.AddTo(parameters, planned),
                ReadOutcome,
                cancellationToken).ConfigureAwait(false);
            if (outcomes is not null && outcomes.Count(outcome => outcome.Outcome.Applied) == planned.Length)
            {
                return Applied(planned, outcomes);
            }

            return outcomes is null || outcomes.Any(outcome => outcome.Outcome.IsSeen)
                ? await FindStoredAsync(connection, null, appends, cancellationToken).ConfigureAwait(false)
                : throw Refusal(planned, outcomes);
        }
    }

    /// <summary>Appends in the caller's transaction, which stays usable when the append is refused.</summary>
    public async Task<AppendResult[]> AppendInAsync(
        NpgsqlTransaction transaction, IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var connection = PostgresDatabase.Connection(transaction);

        // Heads are not remembered here: nobody knows yet whether the caller commits.
        PlannedAppend[] planned = [.. appends.Select(append => PlannedAppend.Create(append, cached: null))];
        try
        {
            var outcomes = await SendAsync(
                connection,
                transaction,
                "append_atomic",
                parameters => AppendParameters.AddTo(parameters, planned),
                ReadOutcome,
                cancellationToken).ConfigureAwait(false);
            if (outcomes!.All(outcome => outcome.Outcome.Applied))
            {
                return [.. planned.Select((append, i) => Result(append, outcomes![i].Outcome))];
            }

            return outcomes!.Any(outcome => outcome.Outcome.IsSeen)
                ? await FindStoredAsync(connection, transaction, appends, cancellationToken).ConfigureAwait(false)
                : throw Refusal(planned, outcomes!);
        }
        catch (AttemptFailedException e)
        {
            throw e.Reason;
        }
    }

    private PlannedAppend[] Plan(IReadOnlyList<ValidatedAppend> appends) =>
        [.. appends.Select(append => PlannedAppend.Create(append, heads.Find(append.StreamId)))];

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            throw new AttemptFailedException(e, AttemptOutcome.NotWritten, isWorthRepeating: true);
        }
    }

    // Null: an event id of the append is taken.
    private async Task<List<TRow>?> SendAsync<TRow>(
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        CancellationToken cancellationToken)
    {
        var command = database.Command(statement, connection, transaction);
        await using (command.ConfigureAwait(false))
        {
            addParameters(command.Parameters);
            await PrepareAsync(command, statement, cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            using var commit = new CommitWatch(connection);
            try
            {
                var rows = new List<TRow>();

                // No token from here on: the commit is on its way.
                var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                    {
                        rows.Add(readRow(reader));
                    }

                    // The commit is confirmed behind the rows: read up to the end before believing anything.
                    await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
                }

                return commit.Warning is null
                    ? rows
                    : throw new AttemptFailedException(
                        new StoreUnavailableException(commit.Warning), AttemptOutcome.Unknown, isWorthRepeating: false);
            }
            catch (Exception e) when (DriverErrors.IsEventIdTaken(e))
            {
                return null;
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e))
            {
                throw Failed(e, statement);
            }
        }
    }

    private async Task PrepareAsync(NpgsqlCommand command, string statement, CancellationToken cancellationToken)
    {
        try
        {
            await database.PrepareAsync(command, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e))
        {
            var reason = DriverErrors.Translate(e, statement);
            throw new AttemptFailedException(reason, AttemptOutcome.NotWritten, reason.IsTransient);
        }
    }

    private static AttemptFailedException Failed(Exception e, string statement) =>
        DriverErrors.IsUndone(e)
            ? new AttemptFailedException(
                DriverErrors.Translate(e, statement),
                DriverErrors.IsMissingPartition(e) ? AttemptOutcome.NoPartition : AttemptOutcome.NotWritten,
                DriverErrors.IsTransient(e) || DriverErrors.IsMissingPartition(e))
            : new AttemptFailedException(
                new StoreUnavailableException($"the connection was lost while the append was under way: {DriverErrors.Describe(e)}", e),
                AttemptOutcome.Unknown,
                isWorthRepeating: true);

    private AppendResult[] Applied(PlannedAppend[] planned, List<(int Entry, AppendOutcome Outcome)> outcomes)
    {
        var results = new AppendResult[planned.Length];
        foreach (var (entry, outcome) in outcomes)
        {
            var append = planned[entry - 1];
            results[entry - 1] = Result(append, outcome);
            heads.Remember(append.Append.StreamId, new KnownHead(outcome.Version, outcome.HeadHash));
        }

        return results;
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
        foreach (var (entry, outcome) in outcomes.Where(outcome => !outcome.Outcome.Applied))
        {
            var append = planned[entry - 1];
            var (streamId, expected) = (append.Append.StreamId, append.Append.Expected);
            heads.Forget(streamId);
            var actual = new StreamVersion(outcome.Version);
            if (!expected.Accepts(actual))
            {
                // A lost earlier attempt that still runs can only succeed if the stream has yet to get where it was expected.
                var isFinal = expected.ExactVersion is { } exact && actual > exact;
                return new AttemptFailedException(
                    new ConcurrencyException(streamId, expected, actual),
                    isFinal ? AttemptOutcome.NeverWritten : AttemptOutcome.NotWritten,
                    isWorthRepeating: false);
            }

            if (expected.ExactVersion == actual && append.Known.Version == actual.Value && append.Known.Hash != outcome.HeadHash)
            {
                return new AttemptFailedException(
                    new StreamDivergedException(streamId, actual), AttemptOutcome.NotWritten, isWorthRepeating: false);
            }
        }

        // What this process believed of a head was wrong, or the stream came to be in this very moment: the next try knows better.
        return new AttemptFailedException(
            new StoreUnavailableException("The append met a stream that changed while it was looked at."),
            AttemptOutcome.NotWritten,
            isWorthRepeating: true);
    }

    /// <summary>The append was made before, or its ids belong to other events.</summary>
    private async Task<AppendResult[]> FindStoredAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        IReadOnlyList<ValidatedAppend> appends,
        CancellationToken cancellationToken)
    {
        var ids = appends.SelectMany(append => append.Events).Select(envelope => envelope.Id).ToArray();
        var rows = await SendAsync(
            connection,
            transaction,
            "stored_events",
            parameters => parameters.Add(
                new NpgsqlParameter<Guid[]> { TypedValue = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid }),
            StoredEvent.Read,
            cancellationToken).ConfigureAwait(false);
        var stored = rows!.ToDictionary(row => row.EventId);
        return
        [
            .. appends.Select(append => Repeated(append, stored) ?? throw new AttemptFailedException(
                new EventIdReusedException(ids.FirstOrDefault(stored.ContainsKey, ids[0])),
                AttemptOutcome.NeverWritten,
                isWorthRepeating: false)),
        ];
    }

    // Null: some of the events are not stored, or otherwise.
    private static AppendResult? Repeated(ValidatedAppend append, Dictionary<Guid, StoredEvent> stored)
    {
        StoredEvent? first = null;
        StoredEvent? last = null;
        for (var i = 0; i < append.Events.Count; i++)
        {
            var envelope = append.Events[i];
            if (!stored.TryGetValue(envelope.Id, out last)
                || last.ContentDigest != append.ContentDigests[i]
                || last.Version != (first ??= last).Version + i)
            {
                return null;
            }
        }

        return new AppendResult
        {
            StreamId = append.StreamId,
            Version = new StreamVersion(last!.Version),
            FirstPosition = new Position(first!.Position),
            LastPosition = new Position(last.Position),
            RecordedAt = last.RecordedAt,
            WasRepeated = true,
        };
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
