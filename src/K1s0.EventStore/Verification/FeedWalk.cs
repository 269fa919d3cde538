using System.Globalization;

namespace K1s0.EventStore;

/// <summary>Reads the feed for a verification, over what cannot be read as an event. Not thread-safe.</summary>
/// <param name="feed">The feed.</param>
/// <param name="pageSize">The most events in a page.</param>
/// <param name="end">Up to where the feed is read.</param>
/// <param name="findings">Where to report.</param>
/// <param name="maxSteps">
/// How many positions are tried one by one, each by a query: behind that many that could not be read, events between
/// others that cannot be read may be passed over. They are missing then, and reported so.
/// </param>
internal sealed class FeedWalk(
    IFeedReader feed, int pageSize, Position end, FindingList findings, int maxSteps = FeedWalk.MaxSteps)
{
    private const int MaxSteps = 100_000;

    private int _steps;

    // Why the last read that failed did.
    private Exception? _fault;

    /// <summary>Up to where the feed is read.</summary>
    public Position End => end;

    /// <summary>What it cost to read from the archive; null when all came from the database.</summary>
    public ArchiveScan? Scan { get; private set; }

    /// <summary>
    /// Whether what is stored is to blame: no event is made of it. Who may not read, or reads with another version of
    /// the library, or would have to restore it first, has not seen what is stored.
    /// </summary>
    public static bool IsUnreadable(Exception exception) => exception switch
    {
        StoreSchemaException or EventsArchivedException or RestoreRequiredException => false,
        StoreOperationException { IsAccessDenied: true } => false,
        EventStoreException e => !e.IsTransient,
        _ => exception is ArgumentException or InvalidCastException or FormatException,
    };

    /// <summary>The next events, and how far they reach; at least one position on.</summary>
    public async Task<(IReadOnlyList<EventEnvelope> Events, Position ReadTo)> ReadAsync(
        Position after, CancellationToken cancellationToken)
    {
        for (var count = pageSize; count > 1; count /= 2)
        {
            if (await TryReadAsync(after, count, cancellationToken).ConfigureAwait(false) is { } page)
            {
                return page;
            }
        }

        if (await TryReadAsync(after, 1, cancellationToken).ConfigureAwait(false) is { } one)
        {
            return one;
        }

        var unreadable = await SkipAsync(after, cancellationToken).ConfigureAwait(false);
        return ([], unreadable);
    }

    // Finds the place behind which reading works again, or fails for another object of the archive: one by one, so that
    // what can be read between two that cannot is not passed over, and in larger steps only where that takes too many,
    // or where each of them fetches from a damaged object again.
    private async Task<Position> SkipAsync(Position after, CancellationToken cancellationToken)
    {
        var fault = _fault!;
        var place = after.Value + 1;
        while (place < end.Value && CanStep(fault) && !await IsBehindAsync(place, fault, cancellationToken)
            .ConfigureAwait(false))
        {
            _steps++;
            place++;
        }

        if (place < end.Value && !CanStep(fault))
        {
            place = await LeapAsync(place, fault, cancellationToken).ConfigureAwait(false);
        }

        findings.Add(new StoreFinding(
            StoreFindingKind.Unreadable,
            Stream: null,
            StreamVersion.None,
            new Position(place),
            "an event",
            string.Create(
                CultureInfo.InvariantCulture,
                $"something else between positions {after.Value + 1} and {place}{Explain(fault)}")));
        return new Position(place);
    }

    private bool CanStep(Exception fault) => _steps < maxSteps && ObjectOf(fault) is null;

    // Finds by halves a place behind which reading works.
    private async Task<long> LeapAsync(long from, Exception fault, CancellationToken cancellationToken)
    {
        var (low, high, step) = (from - 1, from, 1L);
        while (high < end.Value && !await IsBehindAsync(high, fault, cancellationToken).ConfigureAwait(false))
        {
            (low, step) = (high, step * 2);
            high = Math.Min(low + step, end.Value);
        }

        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = await IsBehindAsync(middle, fault, cancellationToken).ConfigureAwait(false)
                ? (low, middle)
                : (middle, high);
        }

        return high;
    }

    private static string Explain(Exception fault) =>
        ObjectOf(fault) is null ? string.Empty : $": {fault.Message}";

    private static string? ObjectOf(Exception? fault) => fault switch
    {
        ObjectDamagedException damaged => damaged.Key,
        ArchiveMismatchException mismatch => mismatch.Key,
        _ => null,
    };

    private async Task<bool> IsBehindAsync(long after, Exception fault, CancellationToken cancellationToken) =>
        await TryReadAsync(new Position(after), 1, cancellationToken).ConfigureAwait(false) is not null
            || !string.Equals(ObjectOf(_fault), ObjectOf(fault), StringComparison.Ordinal);

    // Null when what is there is no event.
    private async Task<(IReadOnlyList<EventEnvelope> Events, Position ReadTo)?> TryReadAsync(
        Position after, int count, CancellationToken cancellationToken)
    {
        try
        {
            var page = await feed.ReadFeedPageAsync(after, filter: null, count, cancellationToken)
                .ConfigureAwait(false);

            if (page.ReadTo <= after)
            {
                throw new StoreUnavailableException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The feed ends at {page.ReadTo.Value} now, and ended at {end.Value} when the verification "
                            + $"began."));
            }

            Scan = page.Archive is { } scan ? Scan?.Plus(scan) ?? scan : Scan;

            // What came behind the end has not to be there as a whole yet.
            return page.ReadTo <= end
                ? (page.Events, page.ReadTo)
                : ([.. page.Events.TakeWhile(envelope => envelope.Position <= end)], end);
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            _fault = e;
            return null;
        }
    }
}
