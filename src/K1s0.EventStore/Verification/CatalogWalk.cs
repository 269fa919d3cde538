using System.Globalization;

namespace K1s0.EventStore;

/// <summary>Compares the books of a store with its events, after all events were read. Not thread-safe.</summary>
/// <param name="roles">The store.</param>
/// <param name="catalog">Its books.</param>
/// <param name="end">Up to where the feed was read.</param>
/// <param name="table">What came from the feed.</param>
/// <param name="findings">Where to report.</param>
internal sealed class CatalogWalk(
    VerifiedRoles roles, IStreamCatalog catalog, Position end, StreamTable table, FindingList findings)
{
    private const int PageSize = 1_000;

    // As it was last asked for.
    private Position _lastPosition;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ListAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.Misfiled, null, StreamVersion.None, Position.Start, "a list of streams", e.Message));
        }

        foreach (var stream in table.Streams.Where(stream => !stream.IsCatalogued && stream.Version > 0))
        {
            Add(StoreFindingKind.Misfiled, stream.StreamId, stream.Version, "the stream among the streams", "none");
        }
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<CatalogEntry> page;
        StreamId? after = null;
        do
        {
            page = await catalog.ListStreamsAsync(after, PageSize, cancellationToken).ConfigureAwait(false);
            foreach (var entry in page)
            {
                after = entry.Head.StreamId;
                if (table.Slice.Contains(StreamSlice.Hash(after)))
                {
                    await CompareAsync(entry, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        while (page.Count == PageSize);
    }

    private async Task CompareAsync(CatalogEntry entry, CancellationToken cancellationToken)
    {
        var head = entry.Head;
        var stream = table.Find(head.StreamId);
        if (head.Version.Value > (stream?.Version ?? 0))
        {
            // Appended since the bound, or not there any more.
            stream ??= table.Follow(head.StreamId);
            await CatchUpAsync(stream, head.Version.Value, cancellationToken).ConfigureAwait(false);
        }

        stream!.IsCatalogued = true;
        if (stream.Version < head.Version.Value)
        {
            Add(
                StoreFindingKind.TailCutOff,
                head.StreamId,
                stream.Version + 1,
                Invariant($"version {head.Version}, the stored head"),
                Invariant($"version {stream.Version}"));
        }
        else if (!stream.IsAt(head))
        {
            Add(
                StoreFindingKind.Misfiled,
                head.StreamId,
                stream.Version,
                Invariant($"a head at version {stream.Version} with the last event's id and link"),
                Invariant($"version {head.Version}, event {head.LastEventId}, link {head.ChainHash}"));
        }

        if (entry.Events != head.Version.Value)
        {
            Add(
                StoreFindingKind.Misfiled,
                head.StreamId,
                head.Version.Value,
                Invariant($"{head.Version} events filed under the stream"),
                Invariant($"{entry.Events}"));
        }
    }

    private async Task CatchUpAsync(FollowedStream stream, long version, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var envelope in roles.Streams
                .ReadStreamAsync(
                    stream.StreamId, from: new StreamVersion(stream.Version + 1), cancellationToken: cancellationToken)
                .ConfigureAwait(false))
            {
                if (envelope.Version > version || envelope.StreamId != stream.StreamId)
                {
                    return;
                }

                stream.Check(envelope, findings);
                await CheckPlaceAsync(envelope, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            // What comes behind is missing, and reported so.
        }
    }

    // All that stands up to the end came from the feed: what did not, was appended since, or no feed ever has it.
    private async Task CheckPlaceAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        if (envelope.Position > _lastPosition)
        {
            _lastPosition = await catalog.GetLastPositionAsync(cancellationToken).ConfigureAwait(false);
        }

        if (envelope.Position <= end || envelope.Position > _lastPosition)
        {
            findings.Add(
                StoreFindingKind.Misfiled,
                envelope,
                Invariant($"a position behind {end} and up to {_lastPosition}"),
                Invariant($"position {envelope.Position}"));
        }
    }

    private void Add(StoreFindingKind kind, StreamId streamId, long version, string expected, string found) =>
        findings.Add(new StoreFinding(
            kind, streamId, new StreamVersion(Math.Max(0, version)), Position.Start, expected, found));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
