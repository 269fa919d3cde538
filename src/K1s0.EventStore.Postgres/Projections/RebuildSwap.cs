using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Puts rebuilt tables in the place of those in use, in one transaction, while the projection goes on. An exception in
/// the middle leaves both as they were.
/// </summary>
/// <remarks>
/// The tables in use are locked before anything is read: whoever wrote to them has then committed, its checkpoint
/// included, and whoever comes later waits, and finds the new tables under the old names. The checkpoint is read under
/// that lock and stays as it is, so the next batch of the projection begins where the new tables end.
/// </remarks>
internal sealed class RebuildSwap(
    string name,
    IProjection projection,
    ProjectionTables live,
    RebuildTables rebuild,
    RebuildFeed feed,
    ProjectionDatabase database,
    SettledBoundProbe probe,
    bool isInline,
    TimeProvider timeProvider)
{
    // All who use the tables wait while the swap waits for them.
    private const string LongestLockWait = "1s";
    private const int BatchesPerSwap = 4;
    private const string TooMuchLeft = "more is left to apply than a swap may do, behind an append that is open.";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Where the projection in use stands; null when it has no checkpoint.</summary>
    public async Task<Checkpoint?> LoadCheckpointAsync(CancellationToken cancellationToken)
    {
        if (isInline)
        {
            return null;
        }

        var rows = await database.Statements.QueryAsync(
            "load_checkpoint",
            AddName,
            static reader => ReadCheckpoint(reader, 1),
            cancellationToken).ConfigureAwait(false);
        return rows is [var checkpoint] ? checkpoint : null;
    }

    /// <summary>Tries to swap, as long as the options say.</summary>
    /// <returns>Null when more is left to apply than a swap may do, and can be applied before it.</returns>
    public async Task<RebuildResult?> TryAsync(
        RebuildRun run, StoreIdentity identity, RebuildOptions options, CancellationToken cancellationToken)
    {
        var start = timeProvider.GetTimestamp();
        while (true)
        {
            var isLate = timeProvider.GetElapsedTime(start) >= options.SwapTimeout;
            var (result, obstacle) = await TryOnceAsync(run, identity, options.BatchSize, isLate, cancellationToken)
                .ConfigureAwait(false);
            if (obstacle is null || isLate)
            {
                return obstacle is null
                    ? result
                    : throw new ProjectionRebuildException(name, RebuildFailure.NotInTime, obstacle);
            }

            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
            if (ReferenceEquals(obstacle, TooMuchLeft)
                && (await probe.AskAsync(cancellationToken).ConfigureAwait(false)).Bound > run.Position)
            {
                return null;
            }
        }
    }

    private async Task<(RebuildResult? Result, string? Obstacle)> TryOnceAsync(
        RebuildRun run, StoreIdentity identity, int batchSize, bool isLate, CancellationToken cancellationToken)
    {
        var batch = new List<EventEnvelope>();
        try
        {
            return await database.TransactAsync(
                "swapping the tables of a projection",
                transaction => SwapAsync(run, identity, batchSize, batch, transaction, cancellationToken),
                cancellationToken).ConfigureAwait(false);
        }
        catch (EventsArchivedException)
        {
            // A month left, with events that were not applied yet: they can be applied before, from the archive.
            return (null, null);
        }
        catch (EventStoreException e) when (SqlStateOf(e) is PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.DeadlockDetected)
        {
            return (null, "its tables are held locked by a long transaction.");
        }
        catch (ProjectionRebuildException e) when (isInline && !isLate && e.Failure is RebuildFailure.CountsDiffer)
        {
            // An append that the projection writes nothing for meets none of its locks, and may have ended between
            // the reading of the rest and the counting.
            return (null, e.Message);
        }
        catch (EventHandlingException e) when (batch.Count > 1)
        {
            throw await database.FindFailureAsync(projection, rebuild.Tables, batch, e, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (StoreOperationException e) when (SqlStateOf(e) is PostgresErrorCodes.DependentObjectsStillExist)
        {
            throw new ProjectionRebuildException(
                name,
                RebuildFailure.TablesInUse,
                "something depends on its tables (a view, a foreign key) and keeps them from being dropped. Let "
                    + "the projection make it, or drop it.",
                e.InnerException);
        }
    }

    private async Task<(RebuildResult? Result, string? Obstacle)> SwapAsync(
        RebuildRun run,
        StoreIdentity identity,
        int batchSize,
        List<EventEnvelope> batch,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        await database.Statements.QueryAsync(
            "set_lock_timeout",
            static parameters => Add(parameters, LongestLockWait),
            static _ => 0,
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
        await database.LockAsync(live, transaction, cancellationToken).ConfigureAwait(false);
        if (await database.AllExistAsync(live, transaction, cancellationToken).ConfigureAwait(false))
        {
            await rebuild.LockLiveAsync(transaction, cancellationToken).ConfigureAwait(false);
        }

        var lanes = await run.LockAsync(transaction, cancellationToken).ConfigureAwait(false);
        var checkpoint = await LockCheckpointAsync(identity, transaction, cancellationToken).ConfigureAwait(false);
        var from = lanes[0].Position;
        var to = isInline
            ? await feed.FindLastAsync(transaction, cancellationToken).ConfigureAwait(false)
            : checkpoint ?? from;
        if (to < from || lanes.Any(lane => lane.Position != from))
        {
            return (null, string.Create(
                CultureInfo.InvariantCulture, $"it stands at {to}, behind the rebuild at {from}; let it run."));
        }

        if (to.Value - from.Value > (long)batchSize * BatchesPerSwap)
        {
            // Up to a checkpoint it can be applied before; up to the last append perhaps not yet.
            return (null, isInline ? TooMuchLeft : null);
        }

        if (!isInline && checkpoint is null && to > Position.Start
            && !await TryStartCheckpointAsync(to, identity, transaction, cancellationToken).ConfigureAwait(false))
        {
            // A row that is not there cannot be locked: somebody stored one since it was looked for.
            return (null, "its first checkpoint was stored while the tables were to be swapped.");
        }

        var whole = new RebuildLane(0, 1, from, lanes.Sum(lane => lane.Events));
        var done = await ApplyRestAsync(whole, to, batchSize, batch, transaction, cancellationToken)
            .ConfigureAwait(false);
        await CheckAsync(done.Events - whole.Events, from, to, transaction, cancellationToken).ConfigureAwait(false);
        await rebuild.SwapAsync(transaction, cancellationToken).ConfigureAwait(false);
        return (new RebuildResult(done.Events, isInline ? done.Position : to) { Archive = feed.Scan }, null);
    }

    private async Task<Position?> LockCheckpointAsync(
        StoreIdentity identity, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        if (isInline)
        {
            return null;
        }

        var rows = await database.Statements.QueryAsync(
            "lock_checkpoint",
            AddName,
            static reader => ReadCheckpoint(reader, 0),
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
        return rows is not [{ } checkpoint]
            ? null
            : checkpoint.Store == identity
                ? checkpoint.Position
                : throw new StoreIdentityException(identity, checkpoint.Store);
    }

    private async Task<RebuildLane> ApplyRestAsync(
        RebuildLane lane,
        Position to,
        int batchSize,
        List<EventEnvelope> batch,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        var context = new ProjectionContext(rebuild.Tables, transaction, isRebuilding: true);
        var last = lane.Position;
        while (lane.Position < to)
        {
            var (events, readTo) = await feed.ReadAsync(lane, to, batchSize, transaction, cancellationToken)
                .ConfigureAwait(false);
            if (events.Count > 0)
            {
                batch.Clear();
                batch.AddRange(events);
                await ProjectionDatabase.ApplyOrBlameAsync(projection, events, context, cancellationToken)
                    .ConfigureAwait(false);
                last = events[^1].Position;
            }

            lane = lane with { Position = readTo, Events = lane.Events + events.Count };
        }

        // Where nothing is behind it, as far as can be seen.
        return lane with { Position = last };
    }

    private async Task CheckAsync(
        long applied, Position from, Position to, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var parked = await database.Statements.QueryAsync(
            "count_parked_events",
            parameters =>
            {
                AddName(parameters);
                Add(parameters, to.Value);
            },
            static reader => reader.GetInt64(0),
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
        if (parked[0] > 0)
        {
            throw new ProjectionRebuildException(
                name,
                RebuildFailure.EventsParked,
                string.Create(CultureInfo.InvariantCulture, $"{parked[0]} of its events are parked."));
        }

        var counted = await feed.CountAsync(from, to, transaction, cancellationToken).ConfigureAwait(false);
        if (counted != applied)
        {
            throw new ProjectionRebuildException(
                name,
                RebuildFailure.CountsDiffer,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{applied} events were applied between {from} and {to}, the feed has {counted}."));
        }
    }

    // False when the consumer has one already.
    private async Task<bool> TryStartCheckpointAsync(
        Position position,
        StoreIdentity identity,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        var started = await database.Statements.QueryAsync(
            "start_checkpoint",
            parameters =>
            {
                AddName(parameters);
                Add(parameters, position.Value);
                parameters.Add(new NpgsqlParameter<Guid> { TypedValue = identity.StoreId });
                Add(parameters, identity.Epoch);
            },
            static _ => 0,
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
        return started.Count == 1;
    }

    private static Checkpoint? ReadCheckpoint(NpgsqlDataReader reader, int first) => reader.IsDBNull(first)
        ? null
        : new Checkpoint(
            new Position(reader.GetInt64(first)),
            new StoreIdentity(reader.GetGuid(first + 1), reader.GetInt64(first + 2)));

    private static string? SqlStateOf(EventStoreException e) => (e.InnerException as PostgresException)?.SqlState;

    private static void Add(NpgsqlParameterCollection parameters, long value) =>
        parameters.Add(new NpgsqlParameter<long> { TypedValue = value });

    private static void Add(NpgsqlParameterCollection parameters, string value) =>
        parameters.Add(new NpgsqlParameter<string> { TypedValue = value, NpgsqlDbType = NpgsqlDbType.Text });

    private void AddName(NpgsqlParameterCollection parameters) => Add(parameters, name);
}
