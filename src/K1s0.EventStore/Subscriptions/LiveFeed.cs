using System.Threading.Channels;

namespace K1s0.EventStore;

/// <summary>
/// Reads the end of the feed for all live subscriptions of a process: the store is asked once, however many follow,
/// and only while at least one of them waits. Thread-safe; one instance a store and process.
/// </summary>
/// <remarks>
/// Nobody waits for a slow subscription: it falls out of what is buffered and reads for itself until it has caught up.
/// When reading fails, all that wait are told, and the next one to wait starts again.
/// </remarks>
public sealed class LiveFeed : IDisposable
{
    // An append that is rung for may stay behind the bound for a moment, until another one ends that nobody rings for.
    private static readonly TimeSpan AlertTime = TimeSpan.FromSeconds(1);

    private readonly LiveFeedOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ITimer _poll;
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // All guarded by _lock. The pages are contiguous: each begins where the one before was read to; _end is where the
    // last one was read to.
    private readonly Lock _lock = new();
    private readonly List<LivePage> _pages = [];
    private int _bufferedSize;
    private Position _end;
    private int _waiting;
    private TaskCompletionSource? _arrival;
    private bool _isReading;
    private DateTimeOffset? _askedAt;
    private long? _rungAt;
    private bool _hasDoorbell;

    /// <summary>A reader that starts with the first subscription that waits.</summary>
    /// <param name="feed">The store.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="timeProvider">Measures the poll interval; the system's clock when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public LiveFeed(IFeedReader feed, LiveFeedOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(feed);
        _options = LiveFeedOptionsValidator.Checked(options);
        Feed = feed;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _poll = _timeProvider.CreateTimer(
            static feed => ((LiveFeed)feed!)._bell.Writer.TryWrite(true),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>The store.</summary>
    internal IFeedReader Feed { get; }

    /// <summary>How long it waits before it asks again.</summary>
    internal TimeSpan Interval
    {
        get
        {
            lock (_lock)
            {
                var isResting = _hasDoorbell && _options.RestingPollInterval > _options.PollInterval
                    && (_rungAt is not { } rungAt || _timeProvider.GetElapsedTime(rungAt) >= AlertTime);
                return isResting ? _options.RestingPollInterval : _options.PollInterval;
            }
        }
    }

    /// <summary>When the store last answered; null before the first answer.</summary>
    internal DateTimeOffset? AskedAt
    {
        get
        {
            lock (_lock)
            {
                return _askedAt;
            }
        }
    }

    /// <summary>
    /// Whether somebody rings for appends, so that the store is asked every <see
    /// cref="LiveFeedOptions.RestingPollInterval"/> while nobody does. Changing it asks at once.
    /// </summary>
    /// <value>false by default; set by a doorbell as long as it listens.</value>
    public bool HasDoorbell
    {
        get
        {
            lock (_lock)
            {
                return _hasDoorbell;
            }
        }

        set
        {
            lock (_lock)
            {
                _hasDoorbell = value;
            }

            Ring();
        }
    }

    /// <summary>
    /// Says that there may be new events: the store is asked at once instead of after the poll interval. Rings that
    /// come while it is asked count as one.
    /// </summary>
    public void Ring()
    {
        lock (_lock)
        {
            _rungAt = _timeProvider.GetTimestamp();
        }

        _bell.Writer.TryWrite(true);
    }

    /// <summary>Ends reading; subscriptions must have ended before.</summary>
    public void Dispose()
    {
        _bell.Writer.TryComplete();
        _poll.Dispose();
    }

    /// <summary>The next page behind a position, as soon as there is one.</summary>
    /// <returns>The page; null when the position is too far behind: read it from the store.</returns>
    internal async ValueTask<FeedPage?> NextAsync(Position after, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task arrival;
            lock (_lock)
            {
                if (after > _end && _waiting == 0)
                {
                    // Nobody needs what lies between.
                    (_end, _bufferedSize) = (after, 0);
                    _pages.Clear();
                }

                if (after < _end)
                {
                    return FindPage(after);
                }

                _waiting++;
                _arrival ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                arrival = _arrival.Task;
                if (!_isReading)
                {
                    _isReading = true;
                    _ = ReadWhileWantedAsync();
                }
            }

            try
            {
                await arrival.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                lock (_lock)
                {
                    _waiting--;
                }
            }
        }
    }

    private FeedPage? FindPage(Position after)
    {
        var index = _pages.Count - 1;
        while (index >= 0 && _pages[index].After > after)
        {
            index--;
        }

        return index < 0 ? null : _pages[index].Behind(after);
    }

    // Never fails: what goes wrong is told to those who wait.
    private async Task ReadWhileWantedAsync()
    {
        // Leaves the caller's lock at once.
        await Task.Yield();
        while (true)
        {
            Position after;
            lock (_lock)
            {
                if (_waiting == 0)
                {
                    _isReading = false;
                    return;
                }

                after = _end;
            }

            try
            {
                var page = await Feed.ReadFeedPageAsync(
                    after, filter: null, _options.PageSize, CancellationToken.None).ConfigureAwait(false);
                if (!TryTake(after, page, out var arrival))
                {
                    // Those who wait now wait behind it: what was found says nothing about that.
                    continue;
                }

                arrival?.SetResult();
                if (page.IsAtEnd)
                {
                    _poll.Change(Interval, Timeout.InfiniteTimeSpan);
                    await _bell.Reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                }
            }
            catch (Exception e)
            {
                Fail(e);
                return;
            }
        }
    }

    private void Fail(Exception e)
    {
        TaskCompletionSource? arrival;
        lock (_lock)
        {
            _isReading = false;
            arrival = TakeArrival();
        }

        arrival?.SetException(e);
    }

    // False when the end was moved meanwhile: the page does not follow what is kept.
    private bool TryTake(Position after, FeedPage page, out TaskCompletionSource? arrival)
    {
        arrival = null;
        if (page.SettledBound < after)
        {
            throw new FeedDivergedException(after, page.SettledBound);
        }

        lock (_lock)
        {
            _askedAt = _timeProvider.GetUtcNow();
            if (after != _end)
            {
                return false;
            }

            if (page.ReadTo <= after)
            {
                return true;
            }

            var taken = new LivePage(after, page);
            _pages.Add(taken);
            _end = page.ReadTo;
            _bufferedSize += taken.Size;
            var excess = 0;
            while (_bufferedSize > _options.BufferedEvents && excess < _pages.Count - 1)
            {
                _bufferedSize -= _pages[excess++].Size;
            }

            _pages.RemoveRange(0, excess);
            arrival = TakeArrival();
            return true;
        }
    }

    // Under the lock.
    private TaskCompletionSource? TakeArrival()
    {
        var arrival = _arrival;
        _arrival = null;
        return arrival;
    }
}
