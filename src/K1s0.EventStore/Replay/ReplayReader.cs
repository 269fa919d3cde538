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

    // Set while an event of the stream cannot be read: up to it the feed is read. It may stand under another name
    // there, so it is remembered.
    private EventUnreadableException? _unreadable;

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
    /// <exception cref="StoreUnavailableException">The feed has not come back to the selection's begin.</exception>
    public static async Task<ReplayReader> OpenAsync(
        IFeedReader feed,
        IStreamReader streams,
        ReplaySelection selection,
        int pageSize,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        var bound = await feed.UntilAsync(selection.After, timeProvider, cancellationToken).ConfigureAwait(false);
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

        var page = _selection.Stream is not { } stream
            ? await ReadFeedAsync(_selection.Filter, End, cancellationToken).ConfigureAwait(false)
            : await ReadStreamOrFeedAsync(stream, cancellationToken).ConfigureAwait(false);
        _after = page.ReadTo;
        return page;
    }

    public ValueTask DisposeAsync() => CloseStreamAsync();

    // What cannot be read is a page by itself, and ends no other: what stands before it is read by halves.
    private async Task<ReplayPage> ReadFeedAsync(
        FeedFilter? filter, Position end, CancellationToken cancellationToken)
    {
        for (var count = _pageSize; ; count = Math.Max(1, count / 2))
        {
            try
            {
                var page = await _feed.ReadFeedPageAsync(_after, filter, count, cancellationToken)
                    .ConfigureAwait(false);
                var wanted = page.ReadTo <= end
                    ? new ReplayPage(page.Events, page.ReadTo)
                    : new ReplayPage([.. page.Events.TakeWhile(envelope => envelope.Position <= end)], end);
                return wanted with { Archive = page.Archive };
            }
            catch (EventUnreadableException e) when (count == 1 && e.Position > _after)
            {
                return e.Position <= end ? new ReplayPage([], e.Position, e) : new ReplayPage([], end);
            }
            catch (EventUnreadableException) when (count > 1)
            {
                // Half of it may end before what cannot be read.
            }
        }
    }

    private async Task<ReplayPage> ReadStreamOrFeedAsync(StreamId stream, CancellationToken cancellationToken)
    {
        while (_unreadable is null)
        {
            try
            {
                return await ReadStreamAsync(stream, cancellationToken).ConfigureAwait(false);
            }
            catch (EventUnreadableException e) when (e.Position > _after)
            {
                _unreadable = e;
            }
            catch (EventUnreadableException)
            {
                // It lies before the selection, and is none of its business.
                _nextVersion = await FindVersionBehindAsync(stream, cancellationToken).ConfigureAwait(false);
            }
        }

        if (_unreadable is { } unreadable && unreadable.Position.Value == _after.Value + 1)
        {
            // It is the version behind those before it. The stream goes on behind it, and not the feed: another one
            // that stands under another name would be left out there.
            _unreadable = null;
            _nextVersion = new StreamVersion(_nextVersion.Value + 1);
            return new ReplayPage([], unreadable.Position, unreadable);
        }

        // Other streams can begin with the same name.
        var filter = new FeedFilter { StreamTypes = [stream.AggregateType], StreamPrefix = stream.ToString() };
        var end = Math.Min(_unreadable.Position.Value - 1, End.Value);
        var page = await ReadFeedAsync(filter, new Position(end), cancellationToken).ConfigureAwait(false);
        var events = page.Events.Where(envelope => envelope.StreamId == stream).ToList();
        _nextVersion = events is [.., var last] ? new StreamVersion(last.Version + 1) : _nextVersion;
        return page with { Events = [.. events.Where(envelope => _selection.Filter?.Matches(envelope) is not false)] };
    }

    // The version behind a row that is no event and lies before the selection. Its own version cannot be read: it is
    // looked for by halves, and reading from where it is not met any more begins right behind it.
    private async Task<StreamVersion> FindVersionBehindAsync(StreamId stream, CancellationToken cancellationToken)
    {
        var head = await _streams.GetHeadAsync(stream, cancellationToken).ConfigureAwait(false);
        var (meets, free) = (_nextVersion.Value, head.Version.Value + 1);
        while (free - meets > 1)
        {
            var middle = meets + ((free - meets) / 2);
            var isMet = await IsMetFromAsync(stream, new StreamVersion(middle), cancellationToken)
                .ConfigureAwait(false);
            (meets, free) = isMet ? (middle, free) : (meets, middle);
        }

        return new StreamVersion(free);
    }

    private async Task<bool> IsMetFromAsync(
        StreamId stream, StreamVersion from, CancellationToken cancellationToken)
    {
        try
        {
            var events = _streams.ReadStreamAsync(stream, ReadDirection.Forward, from, cancellationToken)
                .GetAsyncEnumerator(cancellationToken);
            await using (events.ConfigureAwait(false))
            {
                await events.MoveNextAsync().ConfigureAwait(false);
            }

            return false;
        }
        catch (EventUnreadableException e)
        {
            return e.Position <= _after;
        }
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
