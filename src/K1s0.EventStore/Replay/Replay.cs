using System.Runtime.CompilerServices;

namespace K1s0.EventStore;

/// <summary>
/// Goes through stored events again: all of them, or those of a time, a stream, a type or a condition, to rebuild
/// something or to look something up. It moves no checkpoint; the place that it has come to is the caller's to keep.
/// Thread-safe.
/// </summary>
public sealed class Replay
{
    private readonly IFeedReader _feed;
    private readonly IStreamReader _streams;
    private readonly TimeProvider _timeProvider;

    /// <summary>Replays of a store.</summary>
    /// <param name="feed">The store's feed.</param>
    /// <param name="streams">The streams of the same store.</param>
    /// <param name="timeProvider">Measures time and waits between attempts; the system's clock when null.</param>
    public Replay(IFeedReader feed, IStreamReader streams, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(streams);
        (_feed, _streams, _timeProvider) = (feed, streams, timeProvider ?? TimeProvider.System);
    }

    /// <summary>Hands the selected events to handlers, in the order of the feed.</summary>
    /// <param name="selection">Which events.</param>
    /// <param name="handlers">
    /// What to do with them; at least one, each with a name of its own. Each event goes to one handler after the other.
    /// </param>
    /// <param name="options">How to work; the defaults when null.</param>
    /// <param name="progress">Told how far it is, at most once an interval, and at the end.</param>
    /// <param name="cancellationToken">
    /// Ends the replay: the target is rolled back when failures would roll it back, otherwise what was done stays.
    /// </param>
    /// <returns>What it came to: it went through the whole selection.</returns>
    /// <exception cref="ReplayFailedException">
    /// It did not, because an event failed or the store could not be read; the exception holds the report.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// An option is out of its range, no handler is given, or two have one name.
    /// </exception>
    /// <exception cref="FeedDivergedException">
    /// The selection begins behind the end of the feed: the store lost events.
    /// </exception>
    public Task<ReplayReport> RunAsync(
        ReplaySelection selection,
        IReadOnlyList<ReplayHandler> handlers,
        ReplayOptions? options = null,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentNullException.ThrowIfNull(handlers);
        ArgumentOutOfRangeException.ThrowIfZero(handlers.Count, nameof(handlers));
        if (handlers.DistinctBy(handler => handler.Name, StringComparer.Ordinal).Count() < handlers.Count)
        {
            throw new ArgumentException("Two handlers have the same name.", nameof(handlers));
        }

        options = ReplayOptionsRules.Checked(options);
        return RunCheckedAsync(selection, [.. handlers], options, progress, cancellationToken);
    }

    /// <summary>Reads the selected events, in the order of the feed, page by page.</summary>
    /// <param name="selection">
    /// Which events. To go on later, take the <see cref="ReplayPlace"/> of the last one: <see
    /// cref="ReplaySelection.Behind"/>.
    /// </param>
    /// <param name="pageSize">The most events in memory: 1 to 10,000.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <exception cref="FeedDivergedException">
    /// The selection begins behind the end of the feed: the store lost events.
    /// </exception>
    /// <exception cref="EventUnreadableException">
    /// What is stored is no event. All before it was handed out; go on behind its position, when it may be left out.
    /// </exception>
    public IAsyncEnumerable<EventEnvelope> ReadAsync(
        ReplaySelection selection, int pageSize = 1_000, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, FeedPage.MaxEvents);
        return ReadCheckedAsync(selection, pageSize, cancellationToken);
    }

    /// <summary>
    /// Cuts a selection into parts that follow each other: together they hold each event once, and may be gone through
    /// at the same time, in any processes. Every part has an end, so they agree on it.
    /// </summary>
    /// <param name="selection">The selection; without a limit.</param>
    /// <param name="parts">How many parts, equally long by positions: 1 to 10,000. Some may hold no event.</param>
    /// <param name="cancellationToken">Gives up asking where the feed ends.</param>
    /// <exception cref="ArgumentException">The selection has a limit.</exception>
    public async Task<IReadOnlyList<ReplaySelection>> SplitAsync(
        ReplaySelection selection, int parts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts, FeedPage.MaxEvents);
        if (selection.Limit is not null)
        {
            throw new ArgumentException("A selection with a limit cannot be cut into parts.", nameof(selection));
        }

        var bound = await _feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        var (first, end) = (selection.After.Value, Math.Min(selection.To?.Value ?? bound.Value, bound.Value));
        var length = (Int128)Math.Max(end - first, 0);
        return
        [
            .. Enumerable.Range(0, parts).Select(part => selection with
            {
                After = new Position(first + (long)(length * part / parts)),
                To = new Position(first + (long)(length * (part + 1) / parts)),
            }),
        ];
    }

    private async Task<ReplayReport> RunCheckedAsync(
        ReplaySelection selection,
        ReplayHandler[] handlers,
        ReplayOptions options,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellationToken)
    {
        var reader = await ReplayReader.OpenAsync(
            _feed, _streams, selection, options.PageSize, _timeProvider, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            var run = new ReplayRun(reader, selection, handlers, options, progress, _timeProvider);
            return await run.RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async IAsyncEnumerable<EventEnvelope> ReadCheckedAsync(
        ReplaySelection selection, int pageSize, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = await ReplayReader.OpenAsync(
            _feed, _streams, selection, pageSize, _timeProvider, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            var left = selection.Limit ?? long.MaxValue;
            while (await reader.NextAsync(cancellationToken).ConfigureAwait(false) is { } page)
            {
                foreach (var envelope in page.Events.Where(envelope => selection.Where?.Invoke(envelope) is not false))
                {
                    yield return envelope;
                    if (--left == 0)
                    {
                        yield break;
                    }
                }

                if (page.Unreadable is { } unreadable)
                {
                    throw unreadable;
                }
            }
        }
    }
}
