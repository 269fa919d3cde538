using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// The reference store: everything in memory, one lock, short enough to be read as the specification of what a store
/// does. For unit tests and throw-away data. Thread-safe.
/// </summary>
/// <remarks>Every call takes effect at one instant under the lock, so all positions are settled at once.</remarks>
public sealed class InMemoryEventStore : IEventStore, IEventAppender, IStreamReader, IFeedReader, IStreamCatalog
{
    private readonly EventStoreOptions _options;
    private readonly TimeProvider _timeProvider;

    // Both guarded by _lock.
    private readonly Lock _lock = new();
    private readonly InMemoryEvents _events = new();
    private StoreIdentity _identity;

    /// <summary>An empty store.</summary>
    /// <param name="options">The limits; the defaults when null.</param>
    /// <param name="timeProvider">Where the recorded time comes from; the system's clock when null.</param>
    public InMemoryEventStore(EventStoreOptions? options = null, TimeProvider? timeProvider = null)
    {
        _options = options ?? new EventStoreOptions();
        _timeProvider = timeProvider ?? TimeProvider.System;
        _identity = new StoreIdentity(Guid.CreateVersion7(_timeProvider.GetUtcNow()), Epoch: 1);
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
        var append = ValidatedAppend.Create(streamId, events, expected, _options);
        return Run(() => Append([append])[0], cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default)
    {
        var validated = ValidatedAppend.CreateMany(appends, _options);
        return Run<IReadOnlyList<AppendResult>>(() => Append(validated), cancellationToken);
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
        return Run<IReadOnlyList<EventEnvelope>>(
            () =>
            [
                .. _events.Stream(streamId)
                    .Where(e => e.Version >= fromVersion && e.Version <= (toVersion ?? long.MaxValue)),
            ],
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return Run(() => _events.Stream(streamId).Count > 0, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return ReadAsync(cancellationToken);

        async IAsyncEnumerable<EventEnvelope> ReadAsync([EnumeratorCancellation] CancellationToken token)
        {
            var events = await LoadAsync(streamId, cancellationToken: token).ConfigureAwait(false);
            var ordered = direction is ReadDirection.Forward
                ? events.Where(e => e.Version >= (from?.Value ?? 0))
                : events.Reverse().Where(e => e.Version <= (from?.Value ?? long.MaxValue));
            foreach (var envelope in ordered)
            {
                token.ThrowIfCancellationRequested();
                yield return envelope;
            }
        }
    }

    /// <inheritdoc/>
    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        return Run(() => _events.Head(streamId), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<CatalogEntry>> ListStreamsAsync(
        StreamId? after = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, IStreamCatalog.MaxStreams);
        return Run<IReadOnlyList<CatalogEntry>>(
            () => [
                .. _events.Streams.Keys.Where(stream => StreamOrder.Instance.Compare(stream, after) > 0)
                    .Order(StreamOrder.Instance).Take(maxCount)
                    .Select(stream => new CatalogEntry(_events.Head(stream), _events.Streams[stream].Count)),
            ],
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        GetSettledBoundAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        Run(() => _identity, cancellationToken);

    /// <inheritdoc/>
    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        Run(() => new Position(_events.Feed.Count), cancellationToken);

    /// <inheritdoc/>
    public Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, FeedPage.MaxEvents);
        return Run(() => ReadFeedPage(after, filter, maxCount), cancellationToken);
    }

    // An event, and the link before it in its stream.
    internal (EventEnvelope Event, Sha256Digest PreviousLink)? Find(Guid eventId)
    {
        lock (_lock)
        {
            return !_events.ById.TryGetValue(eventId, out var found)
                ? null
                : found.Version == 1
                    ? (found, StreamHead.Empty(found.StreamId).ChainHash)
                    : (found, _events.Streams[found.StreamId][(int)found.Version - 2].ChainHash);
        }
    }

    // For the importer, which checks what it takes over.
    internal TResult Import<TResult>(Func<InMemoryEvents, TResult> step)
    {
        lock (_lock)
        {
            return step(_events);
        }
    }

    internal void Become(StoreIdentity identity)
    {
        lock (_lock)
        {
            _identity = identity;
        }
    }

    private FeedPage ReadFeedPage(Position after, FeedFilter? filter, int maxCount)
    {
        var bound = new Position(_events.Feed.Count);
        var events = _events.Feed.Skip((int)Math.Min(after.Value, _events.Feed.Count))
            .Where(envelope => filter is null || filter.Matches(envelope)).Take(maxCount).ToArray();
        var readTo = events.Length == maxCount ? events[^1].Position : bound;
        return new FeedPage(events, readTo > after ? readTo : after, bound);
    }

    private AppendResult[] Append(IReadOnlyList<ValidatedAppend> appends)
    {
        if (appends.All(IsStored))
        {
            return [.. appends.Select(append => Result(append.Events, wasRepeated: true))];
        }

        foreach (var append in appends)
        {
            if (append.Events.FirstOrDefault(envelope => _events.ById.ContainsKey(envelope.Id)) is { } reused)
            {
                throw new EventIdReusedException(reused.Id);
            }

            var actual = new StreamVersion(_events.Stream(append.StreamId).Count);
            if (!append.Expected.Accepts(actual))
            {
                throw new ConcurrencyException(append.StreamId, append.Expected, actual);
            }
        }

        var recordedAt = Microseconds.Truncate(_timeProvider.GetUtcNow());
        return [.. appends.Select(append => Store(append, recordedAt))];
    }

    // The same events, next to each other, with the same content: this append was made before.
    private bool IsStored(ValidatedAppend append)
    {
        if (append.Events.Count == 0 || !_events.ById.TryGetValue(append.Events[0].Id, out var first))
        {
            return false;
        }

        for (var i = 0; i < append.Events.Count; i++)
        {
            if (!_events.ById.TryGetValue(append.Events[i].Id, out var stored)
                || stored.ContentDigest != append.ContentDigests[i]
                || stored.Version != first.Version + i)
            {
                return false;
            }
        }

        return true;
    }

    private AppendResult Store(ValidatedAppend append, DateTimeOffset recordedAt)
    {
        if (append.Events.Count == 0)
        {
            return new AppendResult { StreamId = append.StreamId, Version = _events.Head(append.StreamId).Version };
        }

        var tag = StreamChain.Tag(append.StreamId);
        for (var i = 0; i < append.Events.Count; i++)
        {
            var head = _events.Head(append.StreamId);
            var version = head.Version.Value + 1;
            _events.Add(append.Events[i] with
            {
                Version = version,
                Position = new Position(_events.Feed.Count + 1),
                RecordedAt = recordedAt,
                PreviousEventId = head.LastEventId,
                ContentDigest = append.ContentDigests[i],
                ChainHash = StreamChain.Next(tag, version, head.ChainHash, append.ContentDigests[i]),
                PayloadUtf8 = append.Events[i].PayloadUtf8.ToArray(),
                MetadataUtf8 = append.Events[i].MetadataUtf8.ToArray(),
            });
        }

        return Result(append.Events, wasRepeated: false);
    }

    private AppendResult Result(IReadOnlyList<EventEnvelope> events, bool wasRepeated)
    {
        var (first, last) = (_events.ById[events[0].Id], _events.ById[events[^1].Id]);
        return new AppendResult
        {
            StreamId = last.StreamId,
            Version = new StreamVersion(last.Version),
            FirstPosition = first.Position,
            LastPosition = last.Position,
            RecordedAt = last.RecordedAt,
            WasRepeated = wasRepeated,
        };
    }

    private Task<TResult> Run<TResult>(Func<TResult> action, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        try
        {
            lock (_lock)
            {
                return Task.FromResult(action());
            }
        }
        catch (EventStoreException e)
        {
            return Task.FromException<TResult>(e);
        }
    }
}
