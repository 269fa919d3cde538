using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The store on PostgreSQL: one round trip an append, a feed that ends at a proved bound, all events chained and
/// append-only. Thread-safe; one instance serves the whole process.
/// </summary>
/// <remarks>
/// The overloads that take an <see cref="NpgsqlTransaction"/> write and read inside the caller's transaction and never
/// commit it. From its first append until it ends, such a transaction holds back the feed and locks its streams: append
/// last, and end it soon.
/// </remarks>
public sealed class PostgresEventStore
    : IEventStore, IEventAppender, IStreamReader, IFeedReader, IStreamCatalog, IAsyncDisposable, IDisposable
{
    private readonly EventStoreOptions _limits;
    private readonly PostgresDatabase _database;
    private readonly PostgresAppender _appender;
    private readonly AppendQueue _queue;
    private readonly AppendRetry _appends;
    private readonly InlineProjections? _inline;
    private readonly PostgresStreams _streams;
    private readonly SettledBoundProbe _probe;
    private readonly PostgresFeed _feed;
    private volatile Action? _appended;

    /// <summary>A store in a database whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="limits">The limits; the defaults when null.</param>
    /// <param name="timeProvider">Measures the waits between retries; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <param name="inlineProjections">
    /// Projections that every append of this instance applies in its own transaction; none when null.
    /// </param>
    public PostgresEventStore(
        NpgsqlDataSource dataSource,
        PostgresOptions? options = null,
        EventStoreOptions? limits = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null,
        IReadOnlyList<IProjection>? inlineProjections = null)
        : this(string.Empty, dataSource, options, limits, timeProvider, loggerFactory, inlineProjections ?? [], null)
    {
    }

    /// <summary>A store that reads events that have left the database from their archive.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="archive">Where archived events are read.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="limits">The limits; the defaults when null.</param>
    /// <param name="timeProvider">Measures the waits between retries; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <param name="inlineProjections">Projections that every append applies; none when null.</param>
    public PostgresEventStore(
        NpgsqlDataSource dataSource, IArchivedEvents archive, PostgresOptions? options = null,
        EventStoreOptions? limits = null, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null,
        IReadOnlyList<IProjection>? inlineProjections = null)
        : this(
            string.Empty, dataSource, options, limits, timeProvider, loggerFactory, inlineProjections ?? [],
            archive ?? throw new ArgumentNullException(nameof(archive)))
    {
    }

    internal PostgresEventStore(
        string name, NpgsqlDataSource dataSource, PostgresOptions? options, EventStoreOptions? limits,
        TimeProvider? timeProvider, ILoggerFactory? loggerFactory, IReadOnlyList<IProjection> inlineProjections,
        IArchivedEvents? archive)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        Name = name;
        _limits = limits ?? new EventStoreOptions();
        var heads = new StreamHeadCache(options.HeadCacheSize);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        var sender = new AppendSender(_database);
        var border = new ArchiveBorder(_database, archive);
        _appender = new PostgresAppender(sender, new RepeatedAppends(sender, border), heads);
        _queue = new AppendQueue(_appender, new LateAppends(_database, _appender, heads), heads, options);
        _streams = new PostgresStreams(_database, heads, border);
        _inline = inlineProjections.Count == 0
            ? null
            : new InlineProjections(inlineProjections, new ProjectionDatabase(_database), sender, _appender, _streams);
        _appends = new AppendRetry(
            _appender, _queue, _inline, new PostgresSchema(dataSource, options), options, name,
            timeProvider ?? TimeProvider.System,
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<PostgresEventStore>());
        _probe = new SettledBoundProbe(_database);
        _feed = new PostgresFeed(_database, _probe, border);
    }

    /// <summary>Its key in the container, which its measurements carry; empty without one.</summary>
    internal string Name { get; }

    /// <summary>Called after each append that was committed here; by who rings for it.</summary>
    internal Action? Appended { get => _appended; set => _appended = value; }

    /// <summary>What was last found out about the feed; null before anybody asked.</summary>
    internal SettledBound? LastBound => _probe.LastAnswer;

    /// <inheritdoc/>
    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        AppendAsync(streamId, events, ExpectedVersion.From(expectedVersion), cancellationToken);

    /// <inheritdoc/>
    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        CancellationToken cancellationToken = default)
    {
        var append = ValidatedAppend.Create(streamId, events, expected, _limits);
        return append.Events.Count == 0 ? CheckAsync(append, cancellationToken) : AppendOneAsync();

        async Task<AppendResult> AppendOneAsync() =>
            (await AppendAsync([append], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default)
    {
        var validated = ValidatedAppend.CreateMany(appends, _limits);
        return AppendAllAsync();

        async Task<IReadOnlyList<AppendResult>> AppendAllAsync() =>
            await AppendAsync(validated, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Appends inside the caller's transaction: the events are stored when the caller commits. A refused append writes
    /// nothing and leaves the transaction usable.
    /// </summary>
    /// <param name="appends">One element a stream, each stream once, with its own expectation.</param>
    /// <param name="transaction">The caller's transaction, at isolation level read committed.</param>
    /// <param name="cancellationToken">Gives up as long as nothing has been sent.</param>
    /// <returns>One result an element, in the same order; true once the caller has committed.</returns>
    /// <inheritdoc cref="IEventStore.AppendAsync" path="/exception"/>
    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        var validated = ValidatedAppend.CreateMany(appends, _limits);
        return AppendInAsync();

        async Task<IReadOnlyList<AppendResult>> AppendInAsync() =>
            _inline is null
                ? await _appender.AppendInAsync(transaction, validated, cancellationToken).ConfigureAwait(false)
                : await _inline.AppendInAsync(transaction, validated, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default)
    {
        CheckRange(streamId, fromVersion, toVersion);
        return _streams.LoadAsync(streamId, fromVersion, toVersion ?? long.MaxValue, cancellationToken);
    }

    /// <summary>
    /// Reads a stream, or a range of its versions, inside the caller's transaction, its own appends included.
    /// </summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="transaction">The caller's transaction.</param>
    /// <param name="fromVersion">The first version to read; 0 and 1 both mean the beginning.</param>
    /// <param name="toVersion">The last version to read; null for the end.</param>
    /// <param name="cancellationToken">Gives up; the transaction is then aborted.</param>
    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        NpgsqlTransaction transaction,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        CheckRange(streamId, fromVersion, toVersion);
        return await _streams.LoadInAsync(transaction, streamId, fromVersion, toVersion ?? long.MaxValue,
            cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        (await GetHeadAsync(streamId, cancellationToken).ConfigureAwait(false)).Version > StreamVersion.None;

    /// <inheritdoc/>
    public IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return _streams.ReadPagesAsync(streamId, direction, from, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return _streams.GetHeadAsync(streamId, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<CatalogEntry>> ListStreamsAsync(
        StreamId? after = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, IStreamCatalog.MaxStreams);
        return _streams.ListAsync(after, maxCount, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default)
    {
        var rows = await _database.QueryAsync(
            "get_last_position",
            static _ => { },
            static reader => new Position(reader.GetInt64(0)),
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <inheritdoc/>
    public async Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default)
    {
        var rows = await _database.QueryAsync(
            "get_identity",
            static _ => { },
            static reader => new StoreIdentity(reader.GetGuid(0), reader.GetInt64(1)),
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <inheritdoc/>
    public async Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        (await InspectFeedAsync(cancellationToken).ConfigureAwait(false)).Bound;

    /// <summary>The settled bound, with the append that holds it back, if one does.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    public Task<SettledBound> InspectFeedAsync(CancellationToken cancellationToken = default) =>
        _probe.AskAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, FeedPage.MaxEvents);
        return _feed.ReadPageAsync(after, filter, maxCount, cancellationToken);
    }

    /// <summary>Takes no more appends to single streams, and waits for those that were taken.</summary>
    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    /// <summary>Takes no more appends to single streams; those that were taken end by themselves.</summary>
    public void Dispose() => _queue.Dispose();

    private static void CheckRange(StreamId streamId, long fromVersion, long? toVersion)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentOutOfRangeException.ThrowIfNegative(fromVersion);
        ArgumentOutOfRangeException.ThrowIfNegative(toVersion ?? 0, nameof(toVersion));
    }

    private async Task<AppendResult[]> AppendAsync(
        IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var results = await _appends.AppendAsync(appends, cancellationToken).ConfigureAwait(false);
        _appended?.Invoke();
        return results;
    }

    // Nothing to write: only the expectation is checked.
    private async Task<AppendResult> CheckAsync(ValidatedAppend append, CancellationToken cancellationToken)
    {
        var head = await GetHeadAsync(append.StreamId, cancellationToken).ConfigureAwait(false);
        return append.Expected.Accepts(head.Version)
            ? new AppendResult { StreamId = append.StreamId, Version = head.Version }
            : throw new ConcurrencyException(append.StreamId, append.Expected, head.Version);
    }
}
