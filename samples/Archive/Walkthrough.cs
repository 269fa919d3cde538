using System.Globalization;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres;
using Npgsql;

namespace K1s0.EventStore.Samples.Archive;

/// <summary>
/// Archives a year of orders, reads across the border, takes the archive through its tiers, loses the database, and
/// rebuilds it from the bucket.
/// </summary>
internal sealed class Walkthrough : IDisposable
{
    public const int Held = 0;
    public const int Failed = 1;
    public const int Unusable = 2;

    private const int Orders = 4_000;
    private const double Mega = 1e6;

    private readonly NpgsqlDataSource _dataSource;
    private readonly PostgresOptions _options;
    private readonly Screen _screen;
    private readonly Bucket _bucket;
    private readonly ArchivedEvents _archived;
    private readonly PostgresEventStore _store;
    private readonly DateTimeOffset _start;

    private Walkthrough(NpgsqlDataSource dataSource, PostgresOptions options, Arguments arguments, Screen screen)
    {
        (_dataSource, _options, _screen, _bucket) = (dataSource, options, screen, new Bucket(arguments));
        _archived = new ArchivedEvents(_bucket.Objects);
        _store = new PostgresEventStore(dataSource, _archived, options);
        var now = TimeProvider.System.GetUtcNow();
        _start = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(-12);
    }

    /// <summary>Runs on a server, in schemas of its own that are dropped in the end.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(
        string connectionString, Arguments arguments, Screen screen, CancellationToken cancellationToken)
    {
        var name = $"archive_{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        try
        {
            await using var dataSource = NpgsqlDataSource.Create(connectionString);
            try
            {
                var options = new PostgresOptions { Schema = name };
                await new PostgresSchema(dataSource, options).MigrateAsync(cancellationToken);
                using var walkthrough = new Walkthrough(dataSource, options, arguments, screen);
                await walkthrough.RunAsync(cancellationToken);
            }
            finally
            {
                await DropAsync(dataSource, name);
                await DropAsync(dataSource, $"{name}_new");
            }

            return Held;
        }
        catch (StepFailedException e)
        {
            screen.Fail(e.Message);
            return Failed;
        }
        catch (Exception e) when (e is EventStoreException or NpgsqlException)
        {
            screen.Fail($"The store cannot be used: {e.Message}");
            return Unusable;
        }
    }

    public void Dispose()
    {
        _store.Dispose();
        _archived.Dispose();
        _bucket.Dispose();
    }

    private static async Task DropAsync(NpgsqlDataSource dataSource, string schema)
    {
        try
        {
            await using var command = dataSource.CreateCommand($"drop schema if exists \"{schema}\" cascade");
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            // Whatever the run has said is worth more than what is left behind.
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var year = await new YearOfOrders(_start, Orders).MakeAsync(cancellationToken);
        await FillAsync(year, cancellationToken);
        await ArchiveAsync(cancellationToken);
        await ReadAcrossAsync(year, cancellationToken);
        await AgeAsync(cancellationToken);
        await VerifyAsync(cancellationToken);
        await RebuildAsync(year, cancellationToken);
        await PriceAsync(cancellationToken);
        _screen.Close("A year was archived, read, verified, lost and rebuilt.");
    }

    private async Task FillAsync(InMemoryEventStore year, CancellationToken cancellationToken)
    {
        _screen.Step("A year of orders is in the database");
        var importer = new PostgresEventImporter(_dataSource, _options);
        var last = await year.GetSettledBoundAsync(cancellationToken);
        await importer.BeginImportAsync(await year.GetIdentityAsync(cancellationToken), last, cancellationToken);
        for (var after = Position.Start; after < last;)
        {
            var page = await year.ReadFeedPageAsync(after, filter: null, 2_000, cancellationToken);
            await importer.ImportAsync(page.Events, cancellationToken);
            after = page.ReadTo;
        }

        await importer.EndImportAsync(cancellationToken);
        _screen.Say(Text($"{last.Value:#,0} events of {Orders:#,0} orders since {_start:yyyy-MM-dd}"));
        _screen.Detail($"the archive goes to {_bucket.Name}");
    }

    private async Task ArchiveAsync(CancellationToken cancellationToken)
    {
        _screen.Step("Months that ended 90 days ago leave the database; the others are copied");
        using var archiver = Archiver(new ArchivingOptions());
        var preview = await archiver.PreviewAsync(cancellationToken);
        _screen.Detail(Text(
            $"preview: {preview.Months.Count} months, {preview.EventsToStore:#,0} events, {preview.DatabaseBytes / Mega:0.0} MB in the database"));
        var moved = await archiver.ArchiveAsync(cancellationToken: cancellationToken);
        Expect(moved.PrunedMonths.Count == preview.Months.Count, $"a month stayed: {moved.Obstacle?.Message}");
        _screen.Ok(Text($"{moved.Events:#,0} events proved in the bucket, {moved.PrunedMonths.Count} months dropped"));
        using var copier = Archiver(new ArchivingOptions { OlderThan = TimeSpan.Zero, Prune = false });
        var copied = await copier.ArchiveAsync(cancellationToken: cancellationToken);
        var (content, stored) = (moved.ContentBytes + copied.ContentBytes, moved.StoredBytes + copied.StoredBytes);
        _screen.Ok(Text(
            $"{copied.Events:#,0} more copied; {content / Mega:0.0} MB became {stored / Mega:0.0} MB, {100 - (100.0 * stored / content):0} % smaller"));
    }

    private Archiver Archiver(ArchivingOptions options) => new(
        new ArchiverParts(
            _store,
            new PostgresArchiveCatalog(_dataSource, _options),
            new PostgresLeaseStore(_dataSource, _options),
            _bucket.Objects),
        options);

    private async Task ReadAcrossAsync(InMemoryEventStore year, CancellationToken cancellationToken)
    {
        _screen.Step("Reads do not notice where the border is");
        await using var expected = year.ReadFeedAsync(cancellationToken: cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        var count = 0;
        await foreach (var envelope in _store.ReadFeedAsync(cancellationToken: cancellationToken))
        {
            Expect(
                await expected.MoveNextAsync() && envelope == expected.Current,
                $"position {envelope.Position} is not the event that was appended");
            count++;
        }

        Expect(!await expected.MoveNextAsync(), "events are missing at the end");
        _screen.Ok(Text($"the feed has all {count:#,0} events, each once, in order"));
        var first = await _store.LoadAsync(new StreamId("order", "000000"), cancellationToken: cancellationToken);
        Expect(first.Count == 4, "the first order is incomplete");
        _screen.Ok($"the first order of the year is read from the bucket: {string.Join(", ", first.Select(e => e.EventType))}");
        var noon = _start.AddDays(40).AddHours(12);
        var began = TimeProvider.System.GetTimestamp();
        var page = await _store.ReadFeedPageAsync(
            Position.Start,
            new FeedFilter { RecordedFrom = noon, RecordedBefore = noon.AddHours(1) },
            cancellationToken: cancellationToken);
        _screen.Ok(Text(
            $"an hour of the year has {page.Events.Count} events, found in {TimeProvider.System.GetElapsedTime(began).TotalMilliseconds:0} ms"));
    }

    private async Task AgeAsync(CancellationToken cancellationToken)
    {
        _screen.Step("Batches move to cheaper classes as they age");

        // Batches stay as they are here. To make small ones into one, give it the CatalogListings of the store.
        var lifecycle = new ArchiveLifecycle(
            _bucket.Objects,
            new BucketListings(_bucket.Objects),
            LifecyclePolicy.Default with { CompactBelowBytes = 0 });
        var plan = await lifecycle.PreviewAsync(cancellationToken);
        var report = await lifecycle.RunAsync(cancellationToken: cancellationToken);
        Expect(report.Moved.Count == plan.Moves.Count, "a move of the preview was not made");
        foreach (var move in report.Moved)
        {
            _screen.Detail(Text($"{move.Bytes / Mega:0.00} MB to {move.To.Tier} ({move.To.StorageClass}): {move.Key}"));
        }

        _screen.Ok(Text(
            $"{report.MovedToWarm} to warm, {report.MovedToCold} to cold, {report.Rest.Waiting} not worth it yet; storage {report.SavingPercent:0.0} % cheaper than plain"));
    }

    private async Task VerifyAsync(CancellationToken cancellationToken)
    {
        _screen.Step("The bucket alone proves itself");
        var verifier = new ArchiveVerifier(_bucket.Objects);
        var found = await verifier.VerifyAsync(cancellationToken);
        Expect(found.IsWhole, $"the archive is not whole: {string.Join(' ', found.Findings.Select(one => one.Detail))}");
        _screen.Ok(Text(
            $"{found.Batches} batches, {found.Events:#,0} events, {found.Streams:#,0} chains, {found.Manifest} manifests: whole"));
        var victim = (await new ArchiveManifests(_bucket.Objects)
            .ReadLatestAsync(cancellationToken: cancellationToken))!.Batches[0].Key;
        if (!await _bucket.TryDamageAsync(victim, cancellationToken))
        {
            return;
        }

        var broken = await verifier.VerifyAsync(cancellationToken);
        Expect(
            !broken.IsWhole && broken.Findings.All(one => victim.Value.Equals(one.Key, StringComparison.Ordinal)),
            "a changed byte was not found, or not named");
        _screen.Caught($"one byte was changed: {broken.Findings[0].Kind} {victim}");
        await _bucket.TryDamageAsync(victim, cancellationToken);
    }

    private async Task RebuildAsync(InMemoryEventStore year, CancellationToken cancellationToken)
    {
        _screen.Step("The database is lost, and comes back from the bucket");
        await DropAsync(_dataSource, _options.Schema);
        var options = new PostgresOptions { Schema = $"{_options.Schema}_new" };
        await new PostgresSchema(_dataSource, options).MigrateAsync(cancellationToken);
        var report = await new ArchiveRebuild(_bucket.Objects, new PostgresEventImporter(_dataSource, options))
            .RunAsync(cancellationToken);
        _screen.Ok(Text(
            $"{report.Events:#,0} events of {report.Streams:#,0} streams in {report.Elapsed.TotalSeconds:0.0} s; the store is in epoch {report.Store.Epoch}"));
        await using var store = new PostgresEventStore(_dataSource, options);
        StreamId? after = null;
        var heads = 0;
        while (await year.ListStreamsAsync(after, 1_000, cancellationToken) is [.., var last] page)
        {
            foreach (var entry in page)
            {
                Expect(
                    await store.GetHeadAsync(entry.Head.StreamId, cancellationToken) == entry.Head,
                    $"{entry.Head.StreamId} has another head");
                heads++;
            }

            after = last.Head.StreamId;
        }

        _screen.Ok(Text($"{heads:#,0} chain heads are the same as before"));
    }

    private async Task PriceAsync(CancellationToken cancellationToken)
    {
        _screen.Step("What seven years cost");
        var listing = (await new ArchiveManifests(_bucket.Objects)
            .ReadLatestAsync(cancellationToken: cancellationToken))!;
        var ratio = listing.Batches.Sum(batch => batch.ContentBytes)
            / (decimal)listing.Batches.Sum(batch => batch.StoredBytes);
        const long objectBytes = 16L * 1024 * 1024;
        var cost = new CostModel().Of(new ObjectLife(
            objectBytes, (long)(objectBytes * ratio), LifecyclePolicy.Default.StagesOf(7 * 365)));
        _screen.Say(Text($"by the prices of {PriceTable.Default.Name}, {PriceTable.Default.Date:yyyy-MM-dd}, in batches of 16 MB:"));
        _screen.Ok(Text(
            $"{cost.PerLogicalGbMonth:0.00000} {PriceTable.Default.Currency} for a gigabyte of events a month, every charge and an audit a year included: {cost.SavingPercent:0.0} % less than plain"));
        Expect(cost.PerLogicalGbMonth < 0.01m, "it costs a cent or more");
    }

    private static void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new StepFailedException(otherwise);
        }
    }
}
