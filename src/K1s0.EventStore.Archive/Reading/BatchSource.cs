namespace K1s0.EventStore.Archive;

/// <summary>
/// Opened batches, their filters and their decoded frames: from the cache, or by a request in the archive's own lane.
/// Thread-safe.
/// </summary>
internal sealed class BatchSource(IObjectStore objects, ArchiveReadingOptions options) : IDisposable
{
    // Parts of a batch that are no frames.
    private const long Opened = -1;
    private const long Filters = -2;

    private readonly SemaphoreSlim _lane = new(options.MaxConcurrentRequests);
    private readonly ReadCache _cache = new(options.CacheBytes);
    private readonly EventBatchReaderOptions _reading = new(options.MaxFrameContentBytes);

    public int LaneWidth => options.MaxConcurrentRequests;

    public void Dispose() => _lane.Dispose();

    /// <exception cref="ArchiveMismatchException">
    /// The object is gone, or is not the batch that the books say.
    /// </exception>
    public async Task<EventBatchReader> OpenAsync(
        ArchivedBatch batch, ScanMeter meter, CancellationToken cancellationToken)
    {
        var key = batch.Stored.Key;
        meter.CountBatch(key);
        if (_cache.TryGet<EventBatchReader>(key, Opened, out var known)
            && known.Index.Digest == batch.Stored.IndexDigest)
        {
            return known;
        }

        var reader = await InLaneAsync(
                () => EventBatchReader.OpenAsync(objects, new ObjectKey(key), _reading, cancellationToken),
                cancellationToken).ConfigureAwait(false)
            ?? throw new ArchiveMismatchException(key, "it is gone.");
        meter.CountBytes(Math.Min(BatchTail.MaxLength, batch.Stored.StoredBytes));

        // The index has the digests of everything else, so nothing of another object passes from here on.
        if (reader.Index.Digest != batch.Stored.IndexDigest)
        {
            throw new ArchiveMismatchException(key, "its index is another one.");
        }

        _cache.Add(key, Opened, reader, BatchTail.MaxLength);
        return reader;
    }

    public async Task<IReadOnlyList<EventBatchFrame>> FindFramesAsync(
        ArchivedBatch batch,
        EventBatchReader reader,
        StreamId streamId,
        ScanMeter meter,
        CancellationToken cancellationToken)
    {
        if (!_cache.TryGet<FilterBytes>(batch.Stored.Key, Filters, out var filters))
        {
            filters = new FilterBytes(await InLaneAsync(
                () => reader.ReadFiltersAsync(cancellationToken), cancellationToken).ConfigureAwait(false));
            meter.CountBytes(BatchTail.FrameHead + filters.Content.Length);
            _cache.Add(batch.Stored.Key, Filters, filters, filters.Content.Length);
        }

        return reader.FindFrames(filters.Content, streamId);
    }

    public async Task<IReadOnlyList<EventEnvelope>> ReadFrameAsync(
        ArchivedBatch batch,
        EventBatchReader reader,
        EventBatchFrame frame,
        ScanMeter meter,
        CancellationToken cancellationToken)
    {
        if (_cache.TryGet<IReadOnlyList<EventEnvelope>>(batch.Stored.Key, frame.Offset, out var known))
        {
            return known;
        }

        var events = await InLaneAsync(
            () => reader.ReadFrameAsync(frame, cancellationToken), cancellationToken).ConfigureAwait(false);
        meter.CountBytes(frame.Length);
        _cache.Add(batch.Stored.Key, frame.Offset, events, frame.ContentLength);
        return events;
    }

    private async Task<TResult> InLaneAsync<TResult>(Func<Task<TResult>> request, CancellationToken cancellationToken)
    {
        await _lane.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await request().ConfigureAwait(false);
        }
        finally
        {
            _lane.Release();
        }
    }

    private sealed record FilterBytes(ReadOnlyMemory<byte> Content);
}
