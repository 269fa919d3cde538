namespace K1s0.EventStore;

/// <summary>
/// Reads what a selection names, page by page, up to the bound of the moment when it was opened. A page that failed may
/// be asked for again. The selection's own condition and its limit are the caller's. Not thread-safe.
/// </summary>
internal sealed class ReplayReader : IAsyncDisposable
{
    private readonly IFeedReader _feed;
    private readonly IStreamReader _streams;
    private readonly ReplaySelection _selection;
    private readonly int _pageSize;
    private Position _after;
    private StreamVersion _nextVersion = new(1);

    // Open while a stream is read and nothing failed.
    private IAsyncEnumerator<EventEnvelope>? _stream;

    private ReplayReader(
        IFeedReader feed, IStreamReader streams, ReplaySelection selection, Position end, int pageSize)
    {
        (_feed, _streams, _selection, End, _pageSize) = (feed, streams, selection, end, pageSize);
        _after = selection.After;
    }

    /// <summary>The last position of the selection.</summary>
    public Position End { get; }

    /// <summary>Finds the end of the selection.</summary>
    /// <exception cref="FeedDivergedException">The selection begins behind the end of the feed.</exception>
    public static async Task<ReplayReader> OpenAsync(
        IFeedReader feed,
        IStreamReader streams,
        ReplaySelection selection,
        int pageSize,
        CancellationToken cancellationToken)
    {
        var bound = await feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        if (selection.After > bound)
        {
            throw new FeedDivergedException(selection.After, bound);
        }

        var end = selection.To is { } to && to < bound ? to : bound;
        return new ReplayReader(feed, streams, selection, end, pageSize);
    }

    /// <summary>The next page; null at the end.</summary>
    public async Task<ReplayPage?> NextAsync(CancellationToken cancellationToken)
    {
        if (_after >= End)
        {
            return null;
        }

        var page = _selection.Stream is { } stream
            ? await ReadStreamAsync(stream, cancellationToken).ConfigureAwait(false)
            : await ReadFeedAsync(cancellationToken).ConfigureAwait(false);
        _after = page.ReadTo;
        return page;
    }

    public ValueTask DisposeAsync() => CloseStreamAsync();

    private async Task<ReplayPage> ReadFeedAsync(CancellationToken cancellationToken)
    {
        var page = await _feed.ReadFeedPageAsync(_after, _selection.Filter, _pageSize, cancellationToken)
            .ConfigureAwait(false);
        return page.ReadTo <= End
            ? new ReplayPage(page.Events, page.ReadTo)
            : new ReplayPage([.. page.Events.TakeWhile(envelope => envelope.Position <= End)], End);
    }

    private async Task<ReplayPage> ReadStreamAsync(StreamId stream, CancellationToken cancellationToken)
    {
        try
        {
            _stream ??= _streams.ReadStreamAsync(stream, ReadDirection.Forward, _nextVersion, cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            var events = new List<EventEnvelope>();
            for (var count = 0; count < _pageSize; count++)
            {
                if (!await _stream.MoveNextAsync().ConfigureAwait(false) || _stream.Current.Position > End)
                {
                    return new ReplayPage(events, End);
                }

                var envelope = _stream.Current;
                if (envelope.Position > _selection.After && _selection.Filter?.Matches(envelope) is not false)
                {
                    events.Add(envelope);
                }
            }

            var last = _stream.Current;
            _nextVersion = new StreamVersion(last.Version + 1);
            return new ReplayPage(events, last.Position > _after ? last.Position : _after);
        }
        catch
        {
            // The next question begins where the last whole page ended.
            await CloseStreamAsync().ConfigureAwait(false);
            throw;
        }
    }

    private ValueTask CloseStreamAsync()
    {
        var stream = _stream;
        _stream = null;
        return stream?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
