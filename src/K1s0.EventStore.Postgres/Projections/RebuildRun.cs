namespace K1s0.EventStore.Postgres;

/// <summary>
/// Applies events to the new tables, all lanes side by side. A lane's batch and its new position commit together: an
/// exception in the middle leaves nothing of the batch behind.
/// </summary>
internal sealed class RebuildRun(
    string name,
    IProjection projection,
    RebuildTables rebuild,
    RebuildFeed feed,
    ProjectionDatabase database,
    int batchSize,
    long epoch,
    RebuildLane[] lanes,
    IProgress<RebuildProgress>? progress)
{
    // Guards the lanes and the calls of progress. A lane is replaced by its own worker only.
    private readonly Lock _lock = new();

    public long Epoch => epoch;

    /// <summary>Up to here every lane has come.</summary>
    public Position Position
    {
        get
        {
            lock (_lock)
            {
                return lanes.MinBy(lane => lane.Position)!.Position;
            }
        }
    }

    /// <summary>Up to here one lane has come at least.</summary>
    public Position Furthest
    {
        get
        {
            lock (_lock)
            {
                return lanes.MaxBy(lane => lane.Position)!.Position;
            }
        }
    }

    /// <summary>How many events were applied.</summary>
    public long Events
    {
        get
        {
            lock (_lock)
            {
                return lanes.Sum(lane => lane.Events);
            }
        }
    }

    /// <summary>Whether all lanes have come equally far.</summary>
    public bool IsLevel
    {
        get
        {
            lock (_lock)
            {
                return lanes.All(lane => lane.Position == lanes[0].Position);
            }
        }
    }

    /// <summary>Brings every lane to a position; one that is there already stays where it is.</summary>
    public Task ApplyAsync(Position target, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, lanes.Length),
            new ParallelOptions { MaxDegreeOfParallelism = lanes.Length, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                while (lanes[number].Position < target)
                {
                    await ApplyBatchAsync(lanes[number], target, token).ConfigureAwait(false);
                    Report(RebuildStage.Applying, target);
                }
            });

    /// <summary>Tells how far the rebuild has come.</summary>
    public void Report(RebuildStage stage, Position target)
    {
        if (progress is null)
        {
            return;
        }

        lock (_lock)
        {
            progress.Report(new RebuildProgress(stage, Events, Position, target));
        }
    }

    /// <summary>The exception for somebody who lost the rebuild to another.</summary>
    public ProjectionRebuildException TakenOver() => new(
        name, RebuildFailure.TakenOver, "another call has begun to rebuild it, or has finished.");

    /// <summary>The lanes as they are stored, which nobody moves until the transaction ends.</summary>
    public async Task<List<RebuildLane>> LockAsync(
        Npgsql.NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            var stored = await rebuild.LockLanesAsync(epoch, transaction, cancellationToken).ConfigureAwait(false);
            return stored.Count > 0 ? stored : throw TakenOver();
        }
        catch (StoreSchemaException)
        {
            throw TakenOver();
        }
    }

    private async Task ApplyBatchAsync(RebuildLane lane, Position target, CancellationToken cancellationToken)
    {
        var (events, to) = await feed.ReadAsync(lane, target, batchSize, null, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            await database.TransactAsync(
                "a batch of a rebuild",
                async transaction =>
                {
                    // The lane first: whoever has lost it must not touch the tables.
                    if (!await SaveAsync(lane, to, events.Count, transaction, cancellationToken).ConfigureAwait(false))
                    {
                        throw TakenOver();
                    }

                    var context = new ProjectionContext(rebuild.Tables, transaction, isRebuilding: true);
                    await ProjectionDatabase.ApplyOrBlameAsync(projection, events, context, cancellationToken)
                        .ConfigureAwait(false);
                    if (events.Count > 0)
                    {
                        await database.CheckAsync(events[^1], transaction, cancellationToken).ConfigureAwait(false);
                    }

                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (EventHandlingException e) when (events.Count > 1)
        {
            throw await database.FindFailureAsync(projection, rebuild.Tables, events, e, cancellationToken)
                .ConfigureAwait(false);
        }

        lock (_lock)
        {
            lanes[lane.Number] = lane with { Position = to, Events = lane.Events + events.Count };
        }
    }

    private async Task<bool> SaveAsync(
        RebuildLane lane,
        Position to,
        int events,
        Npgsql.NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        try
        {
            return await rebuild.SaveAsync(lane, to, events, epoch, transaction, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (StoreSchemaException)
        {
            // The lanes are gone, and the new tables with them.
            return false;
        }
    }
}
