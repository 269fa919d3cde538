using System.Globalization;

namespace K1s0.EventStore;

/// <summary>Reads the feed for a verification, over what cannot be read as an event. Not thread-safe.</summary>
internal sealed class FeedWalk(IFeedReader feed, int pageSize, Position end, FindingList findings)
{
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

    // Finds by halves the place behind which reading works again, or fails for another object of the archive.
    private async Task<Position> SkipAsync(Position after, CancellationToken cancellationToken)
    {
        var fault = _fault!;
        var (low, step) = (after.Value, 1L);
        var high = Math.Min(low + step, end.Value);
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

        findings.Add(new StoreFinding(
            StoreFindingKind.Unreadable,
            Stream: null,
            StreamVersion.None,
            new Position(high),
            "an event",
            string.Create(
                CultureInfo.InvariantCulture,
                $"something else between positions {after.Value + 1} and {high}{Explain(fault)}")));
        return new Position(high);
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
