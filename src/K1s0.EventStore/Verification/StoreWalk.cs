namespace K1s0.EventStore;

/// <summary>
/// One verification: reads the feed, as often as there are slices of streams, and hands each page to the streams and to
/// the log while the next page is being read. Not thread-safe.
/// </summary>
internal sealed class StoreWalk(
    VerifiedRoles roles,
    StoreVerifierOptions options,
    VerificationScope scope,
    Position end,
    FindingList findings,
    FindingList logFindings,
    IProgress<VerificationProgress>? progress)
{
    private readonly FeedWalk _feed = new(roles.Feed, options.PageSize, end, findings);

    public long Events { get; private set; }

    public long Streams { get; private set; }

    public long Bytes { get; private set; }

    public int Passes { get; private set; }

    public ArchiveScan? Archive => _feed.Scan;

    public async Task RunAsync(ILogWalk? log, CancellationToken cancellationToken)
    {
        var slices = new Stack<StreamSlice>([default]);
        while (slices.TryPop(out var slice))
        {
            Passes++;
            var table = new StreamTable(options, findings, slice, scope.RememberedHeads);
            await PassAsync(table, slices, Passes == 1 ? log : null, cancellationToken).ConfigureAwait(false);
            if (scope.IsWholeStore && roles.Catalog is { } catalog)
            {
                await new CatalogWalk(roles, catalog, end, table, findings).RunAsync(cancellationToken)
                    .ConfigureAwait(false);
            }

            Count(table);
            table.End(scope.IsWholeStore);
        }
    }

    private async Task PassAsync(
        StreamTable table, Stack<StreamSlice> slices, ILogWalk? log, CancellationToken cancellationToken)
    {
        var (after, logging, checkedEvents) = (scope.After, Task.CompletedTask, 0L);
        var reading = ReadAsync(after, cancellationToken);
        while (after < end)
        {
            var (events, readTo) = await reading.ConfigureAwait(false);
            after = readTo;
            var isAlone = options.Lanes == 1;
            reading = isAlone || after >= end ? reading : ReadAsync(after, cancellationToken);
            await SeedAsync(table, events, cancellationToken).ConfigureAwait(false);
            var leaves = table.Check(events, log is not null);
            checkedEvents += events.Count;
            foreach (var slice in table.Shrink())
            {
                slices.Push(slice);
            }

            await logging.ConfigureAwait(false);
            logging = log is null ? Task.CompletedTask : log.AddAsync(events, leaves, cancellationToken);
            if (isAlone)
            {
                await logging.ConfigureAwait(false);
                reading = after < end ? ReadAsync(after, cancellationToken) : reading;
            }

            progress?.Report(new VerificationProgress(
                checkedEvents, after, end, findings.Count + logFindings.Count, Passes));
        }

        await logging.ConfigureAwait(false);
        if (log is not null)
        {
            await log.EndAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private Task<(IReadOnlyList<EventEnvelope> Events, Position ReadTo)> ReadAsync(
        Position after, CancellationToken cancellationToken) =>
        after < end
            ? _feed.ReadAsync(after, cancellationToken)
            : Task.FromResult<(IReadOnlyList<EventEnvelope>, Position)>(([], after));

    private void Count(StreamTable table)
    {
        Streams += table.Count;
        foreach (var stream in table.Streams)
        {
            Events += stream.Events;
            Bytes += stream.Bytes;
        }
    }

    // Behind the start of the feed a stream begins somewhere: behind the event before, which is not verified.
    private async Task SeedAsync(
        StreamTable table, IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken)
    {
        if (scope.After == Position.Start)
        {
            return;
        }

        var begun = new HashSet<StreamId>();
        foreach (var envelope in events)
        {
            if (begun.Add(envelope.StreamId) && envelope.Version > 1
                && table.Slice.Contains(StreamSlice.Hash(envelope.StreamId))
                && table.Find(envelope.StreamId) is null)
            {
                await SeedAsync(table, envelope.StreamId, envelope.Version - 1, cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }

    private async Task SeedAsync(
        StreamTable table, StreamId stream, long version, CancellationToken cancellationToken)
    {
        try
        {
            var before = await roles.Ranges.LoadAsync(stream, version, version, cancellationToken)
                .ConfigureAwait(false);
            if (before is [var found])
            {
                table.Follow(stream).Seed(found);
            }
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.Unreadable,
                stream,
                new StreamVersion(version),
                Position.Start,
                "the event before the range",
                e.Message));
        }
    }
}
