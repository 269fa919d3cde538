using System.Globalization;
using System.Threading.Channels;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres.Tests.Partitions;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A store with events of past months, the books of its archive, and a bucket.</summary>
internal sealed class ArchiveScene : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ArchivedEvents _archived;

    private ArchiveScene(TestStore store, IObjectStore objects, ArchiveReadingOptions? reading)
    {
        (Store, Objects) = (store, objects);
        _archived = new ArchivedEvents(objects, reading);
        Catalog = new PostgresArchiveCatalog(store.DataSource, store.Options);
        Reading = new PostgresEventStore(store.DataSource, _archived, store.Options);
        Ledger = new PostgresLedgerStore(store.DataSource, _archived, store.Options);
    }

    /// <summary>The store without an archive to read from.</summary>
    public TestStore Store { get; }

    /// <summary>The same store, reading through.</summary>
    public PostgresEventStore Reading { get; private set; }

    /// <summary>Its log, reading through.</summary>
    public PostgresLedgerStore Ledger { get; }

    public PostgresArchiveCatalog Catalog { get; }

    public IObjectStore Objects { get; }

    public ArchivingOptions Options { get; } = new()
    {
        OlderThan = TimeSpan.Zero,
        MaxEventsPerBatch = 40,
        LeaseDuration = TimeSpan.FromMinutes(5),
    };

    public static async Task<ArchiveScene> CreateAsync(
        StoreDatabase database, IObjectStore objects, ArchiveReadingOptions? reading = null) =>
        new(await database.NewStoreAsync(), objects, reading);

    /// <summary>The same store as another process sees it.</summary>
    public PostgresEventStore Reopen() => new(Store.DataSource, _archived, Store.Options);

    public ProjectionRebuilder Rebuilder(IProjection projection, bool isInline = false) =>
        new(Store.DataSource, _archived, "balances", projection, Store.Options, isInline);

    /// <summary>A verifier of the store and its log, with pages that are small.</summary>
    public StoreVerifier Verifier(IFeedReader? feed = null) => new(
        new VerifiedRoles(feed ?? Reading, Reading, Reading, Reading, Ledger),
        new StoreVerifierOptions { PageSize = 25, Lanes = 2 });

    public async Task<ArchiveReport> ArchiveAsync()
    {
        using var archiver = Archiver();
        return await archiver.ArchiveAsync();
    }

    /// <summary>Archives, and does something at each step while the archiver stands still there.</summary>
    public async Task ArchiveAsync(Func<string, Task> atStep)
    {
        var steps = Channel.CreateUnbounded<string>();
        using var goOn = new SemaphoreSlim(0);
        using var archiver = Archiver(
            StepProxy.Around(Objects, ArchiverProcess.NameOfObjectCall, Reached),
            StepProxy.Around<IArchiveCatalog>(Catalog, ArchiverProcess.NameOfCatalogCall, Reached));
        var archiving = Task.Run(async () =>
        {
            try
            {
                return await archiver.ArchiveAsync();
            }
            finally
            {
                steps.Writer.Complete();
            }
        });
        try
        {
            await foreach (var step in steps.Reader.ReadAllAsync())
            {
                await atStep(step);
                goOn.Release();
            }
        }
        finally
        {
            goOn.Release(1_000_000);
            (await archiving).Obstacle.Should().BeNull();
        }

        void Reached(string name)
        {
            steps.Writer.TryWrite(name).Should().BeTrue();
            goOn.Wait(Patience).Should().BeTrue();
        }
    }

    public Archiver Archiver(IObjectStore? objects = null, IArchiveCatalog? catalog = null) => new(
        new ArchiverParts(Reading, catalog ?? Catalog, Store.Leases, objects ?? Objects), Options);

    /// <summary>
    /// Appends events, and makes them ones that were recorded in a month: a minute after each other, from its first.
    /// </summary>
    public async Task<IReadOnlyList<EventEnvelope>> AppendAsync(
        Month month, int events, int streams, string prefix = "s")
    {
        var before = (await Store.Store.GetSettledBoundAsync()).Value;
        for (var number = 0; number < events; number += 5)
        {
            var stream = new StreamId("order", string.Create(CultureInfo.InvariantCulture, $"{prefix}{number / 5 % streams}"));
            await Store.Store.AppendAsync(stream, Some.Events(stream, Math.Min(5, events - number)));
        }

        await MoveAsync(month, before);
        return await FeedAsync(Store.Store, new Position(before));
    }

    public Task MoveAsync(Month month, long after) => MoveAsync(Store, month, after);

    /// <summary>Makes all events behind a position ones of a month, past every guard.</summary>
    public static async Task MoveAsync(TestStore store, Month month, long after)
    {
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync(store.Named(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            set session_replication_role = replica;
            select case when not {s}.has_table('{{month.Partition}}')
              then {s}.create_partition('{{month.Partition}}', '{{month.Start:yyyy-MM-dd}}') end;
            update {s}.events
            set recorded_at = '{{month.Start:yyyy-MM-dd}} 00:00:00+00'::timestamptz
              + (position - {{after}}) * interval '1 minute'
            where position > {{after}};
            update {s}.streams set created_at = '2000-01-01';
            set session_replication_role = origin;
            """)));
    }

    /// <summary>A scene of a store that is there already.</summary>
    public static ArchiveScene Of(TestStore store, IObjectStore objects) => new(store, objects, null);

    public static async Task<IReadOnlyList<EventEnvelope>> FeedAsync(
        IFeedReader store, Position after = default, FeedFilter? filter = null, int pageSize = 1_000)
    {
        var events = new List<EventEnvelope>();
        await foreach (var envelope in store.ReadFeedAsync(after, filter, pageSize))
        {
            events.Add(envelope);
        }

        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await Reading.DisposeAsync();
        _archived.Dispose();
    }
}
