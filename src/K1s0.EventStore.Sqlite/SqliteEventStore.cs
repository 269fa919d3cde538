namespace K1s0.EventStore.Sqlite;

/// <summary>
/// The store in one SQLite file: durable without a server, all events chained and append-only. Thread-safe; one
/// instance serves the whole process.
/// </summary>
public sealed class SqliteEventStore : IEventStore, IEventAppender, IStreamReader, IFeedReader, IStreamCatalog
{
    private readonly SqliteStoreFile _file;
    private readonly EventStoreOptions _limits;
    private readonly StreamQueries _streams;
    private readonly FeedQueries _feed;

    /// <summary>A store in a file, which is opened with the first call.</summary>
    /// <param name="file">The file; owned by the caller.</param>
    /// <param name="limits">The limits; the defaults when null.</param>
    public SqliteEventStore(SqliteStoreFile file, EventStoreOptions? limits = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        _file = file;
        _limits = limits ?? new EventStoreOptions();
        _streams = new StreamQueries(file);
        _feed = new FeedQueries(file);
    }

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
            (await WriteAsync([append], cancellationToken).ConfigureAwait(false))[0];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default)
    {
        var validated = ValidatedAppend.CreateMany(appends, _limits);
        return AppendAllAsync();

        async Task<IReadOnlyList<AppendResult>> AppendAllAsync() =>
            await WriteAsync(validated, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId,
        long fromVersion = 0,
        long? toVersion = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        ArgumentOutOfRangeException.ThrowIfNegative(fromVersion);
        ArgumentOutOfRangeException.ThrowIfNegative(toVersion ?? 0, nameof(toVersion));
        return _streams.LoadAsync(streamId, fromVersion, toVersion ?? long.MaxValue, cancellationToken);
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
    public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        GetSettledBoundAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        _file.ReadAsync(
            static session => session.Query("get_identity", SqliteStoreFile.ReadIdentity)[0], cancellationToken);

    /// <inheritdoc/>
    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        _feed.GetBoundAsync(cancellationToken);

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

    private Task<AppendResult[]> WriteAsync(
        IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken) =>
        _file.WriteAsync(
            session => AppendWriter.Append(session, appends, UnixMicroseconds.Floor(_file.Now())),
            (reason, e) => new AppendOutcomeUnknownException(
                [.. appends.Select(append => new StreamAppend(append.StreamId, append.Events, append.Expected))],
                reason,
                e),
            appends.Sum(append => append.Events.Sum(
                envelope => (long)envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length)),
            cancellationToken);

    // Nothing to write: only the expectation is checked.
    private async Task<AppendResult> CheckAsync(ValidatedAppend append, CancellationToken cancellationToken)
    {
        var head = await GetHeadAsync(append.StreamId, cancellationToken).ConfigureAwait(false);
        return append.Expected.Accepts(head.Version)
            ? new AppendResult { StreamId = append.StreamId, Version = head.Version }
            : throw new ConcurrencyException(append.StreamId, append.Expected, head.Version);
    }
}
