namespace K1s0.EventStore.Archive;

/// <summary>
/// Makes batches of the events of a store. The same events make the same batch, but for another codec. Not thread-safe.
/// </summary>
internal sealed class BatchMaker(IFeedReader feed)
{
    private const int FirstPage = 100;
    private const int LargestPage = 5_000;

    // About what a page takes in memory: its size follows from the events of the one before.
    private const long PageBytes = 8 * 1024 * 1024;

    // A batch that is planned is made anew whatever the limits are now.
    private static readonly EventBatchLimits NoLimits = new(10_000_000, 80 * 1024 * 1024);

    private int _pageSize = FirstPage;

    // What was read and did not go into the last batch: all events behind a position, up to another one.
    private (Position After, FeedPage Page)? _rest;

    /// <summary>The next batch: from a position on, as much as goes in.</summary>
    /// <returns>The batch; null when there is no event.</returns>
    /// <exception cref="ArchiveRefusedException">An event is not what its digests say.</exception>
    public Task<EventBatch?> MakeAsync(
        StoreIdentity store,
        Position after,
        Position through,
        EventBatchLimits limits,
        CancellationToken cancellationToken) =>
        WriteAsync(new EventBatchWriter(store, limits), after, through, cancellationToken);

    /// <summary>A batch that was planned before.</summary>
    /// <exception cref="ArchiveRefusedException">The store does not have these events.</exception>
    public async Task<EventBatch> MakeAsync(
        StoreIdentity store, BatchPlan plan, CancellationToken cancellationToken)
    {
        var batch = await WriteAsync(
            new EventBatchWriter(store, NoLimits), plan.After, plan.Last, cancellationToken).ConfigureAwait(false);
        return batch is not null && batch.Index.EventCount == plan.EventCount && batch.Index.Last == plan.Last
            ? batch
            : throw new ArchiveRefusedException(
                ArchiveRefusal.Changed,
                $"The store has {batch?.Index.EventCount ?? 0} events behind {plan.After} up to {plan.Last}, not "
                + $"{plan.EventCount}.");
    }

    public static BatchPlan PlanOf(EventBatch batch, Position after) => new(
        after,
        batch.Index.First,
        batch.Index.Last,
        batch.Index.EventCount,
        batch.Index.Earliest,
        batch.Index.Latest,
        batch.Index.ContentLength);

    private async Task<EventBatch?> WriteAsync(
        EventBatchWriter writer, Position after, Position through, CancellationToken cancellationToken)
    {
        while (after < through)
        {
            var page = await ReadAsync(after, cancellationToken).ConfigureAwait(false);
            for (var next = 0; next < page.Events.Count && page.Events[next].Position <= through; next++)
            {
                if (!Add(writer, page.Events[next]))
                {
                    var batch = writer.Finish();
                    _rest = (batch.Index.Last, page with { Events = [.. page.Events.Skip(next)] });
                    return batch;
                }
            }

            if (page.ReadTo <= after)
            {
                // The feed is not settled up to there yet.
                break;
            }

            after = page.ReadTo;
        }

        return writer.EventCount == 0 ? null : writer.Finish();
    }

    private async Task<FeedPage> ReadAsync(Position after, CancellationToken cancellationToken)
    {
        var rest = _rest;
        _rest = null;
        if (rest?.After == after)
        {
            return rest.Value.Page;
        }

        var page = await feed.ReadFeedPageAsync(after, null, _pageSize, cancellationToken).ConfigureAwait(false);
        if (page.Events.Count > 0)
        {
            var bytes = page.Events.Sum(envelope => (long)envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length);
            _pageSize = (int)Math.Clamp(PageBytes * page.Events.Count / Math.Max(bytes, 1), 1, LargestPage);
        }

        return page;
    }

    private static bool Add(EventBatchWriter writer, EventEnvelope envelope)
    {
        try
        {
            return writer.TryAdd(envelope);
        }
        catch (ArgumentException e)
        {
            throw new ArchiveRefusedException(ArchiveRefusal.Changed, e.Message, e);
        }
    }
}
