namespace K1s0.EventStore.Archive;

/// <summary>
/// Reads archived events from an object store, in a lane of its own, and keeps what was read last. What comes out has
/// passed the digests of its frame, of the batch's index, and of the archive's books. Thread-safe; one instance serves
/// the whole process.
/// </summary>
public sealed class ArchivedEvents : IArchivedEvents, IDisposable
{
    private readonly BatchSource _source;
    private readonly int _maxFrames;
    private readonly bool _readThrough;

    /// <summary>Archived events in an object store.</summary>
    /// <param name="objects">Where the batches are.</param>
    /// <param name="options">How to read; the defaults when null. Taken as they are now.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public ArchivedEvents(IObjectStore objects, ArchiveReadingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(objects);
        options ??= new ArchiveReadingOptions();
        var result = new ArchiveReadingOptionsValidator().Validate(null, options);
        if (result.Failed)
        {
            throw new ArgumentException(result.FailureMessage, nameof(options));
        }

        _source = new BatchSource(objects, options);
        (_maxFrames, _readThrough) = (options.MaxFramesPerPage, options.ReadThrough);
    }

    /// <inheritdoc/>
    public async Task<ArchivedStretch> ReadAsync(
        IReadOnlyList<ArchivedBatch> batches,
        Position after,
        FeedFilter? filter,
        int maxCount,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        CheckOpen(batches[^1]);
        var meter = new ScanMeter();
        var events = new List<EventEnvelope>();
        var frames = 0;
        foreach (var batch in batches)
        {
            var reader = await _source.OpenAsync(batch, meter, cancellationToken).ConfigureAwait(false);
            var wanted = reader.Index.Frames.Where(frame => frame.Last > after && Overlaps(frame, filter)).ToList();
            for (var next = 0; next < wanted.Count;)
            {
                // The first frame alone: often it is all that is needed. Then as many at once as the lane is wide.
                var group = wanted.GetRange(
                    next, next == 0 ? 1 : Math.Min(_source.LaneWidth, wanted.Count - next));
                next += group.Count;
                var read = await Task.WhenAll(group.Select(
                    frame => _source.ReadFrameAsync(batch, reader, frame, meter, cancellationToken)))
                    .ConfigureAwait(false);
                foreach (var envelope in read.SelectMany(list => list))
                {
                    if (envelope.Position > after && filter?.Matches(envelope) is not false)
                    {
                        // One of a few must not keep the memory of its frame.
                        events.Add(filter is null ? envelope : EventBatchReader.Apart(envelope));
                        if (events.Count == maxCount)
                        {
                            return Stretch(envelope.Position, isComplete: false);
                        }
                    }
                }

                frames += group.Count;
                group.ForEach(_ => meter.CountFrame());
                if (frames >= _maxFrames && next < wanted.Count)
                {
                    return Stretch(group[^1].Last, isComplete: false);
                }
            }

            if (frames >= _maxFrames)
            {
                return Stretch(batch.Plan.Last, isComplete: batch == batches[^1]);
            }
        }

        return Stretch(batches[^1].Plan.Last, isComplete: true);

        ArchivedStretch Stretch(Position readTo, bool isComplete)
        {
            var scan = meter.Result();
            ArchiveTelemetry.RecordScan(scan);
            return new ArchivedStretch(events, readTo, isComplete, scan);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EventEnvelope>> ReadStreamAsync(
        ArchivedBatch batch,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(streamId);
        CheckOpen(batch);
        var meter = new ScanMeter();
        var reader = await _source.OpenAsync(batch, meter, cancellationToken).ConfigureAwait(false);
        var frames = await _source.FindFramesAsync(batch, reader, streamId, meter, cancellationToken)
            .ConfigureAwait(false);
        var events = new List<EventEnvelope>();
        foreach (var frame in frames)
        {
            // Versions are in the order of positions: behind the last one that is wanted there is none.
            if (events is [.., var last] && last.Version >= toVersion)
            {
                break;
            }

            var read = await _source.ReadFrameAsync(batch, reader, frame, meter, cancellationToken)
                .ConfigureAwait(false);
            meter.CountFrame();

            // A frame has many streams: what is kept of it must not keep the memory of all of them.
            events.AddRange(read
                .Where(envelope => envelope.Version >= fromVersion && envelope.Version <= toVersion
                    && envelope.StreamId == streamId)
                .Select(EventBatchReader.Apart));
        }

        ArchiveTelemetry.RecordScan(meter.Result());
        return events;
    }

    /// <summary>Frees the lane. Reads that are under way may fail.</summary>
    public void Dispose() => _source.Dispose();

    private void CheckOpen(ArchivedBatch last)
    {
        if (!_readThrough)
        {
            throw new EventsArchivedException(last.Plan.Last);
        }
    }

    private static bool Overlaps(EventBatchFrame frame, FeedFilter? filter) =>
        (filter?.RecordedFrom is not { } from || frame.Latest >= from)
        && (filter?.RecordedBefore is not { } before || frame.Earliest < before);
}
