namespace K1s0.EventStore.Sync;

/// <summary>
/// Keeps a replica's logs in an event store, for example an SQLite file: one stream for each origin, in which an
/// event's version is its sequence, so the store itself refuses a dot that is taken.
/// </summary>
/// <remarks>
/// <para>Streams: <c>k1s0-sync-log</c> / origin, and <c>k1s0-sync</c> / <c>identity</c>, <c>origins</c> and
/// <c>repairs</c>. An event is stored under an id that is made of its hash: what was changed in the store is found when
/// it is read, and <see cref="InvalidFormatException"/> is thrown, until a repair stands in its place. At most 65,536
/// repairs are kept.</para>
/// <para>What is appended at once is split into appends of at most 500 events: a failure in between leaves the first of
/// them, each with all that it builds on.</para>
/// </remarks>
public sealed class EventStoreReplicaStore : IRepairableReplicaStore
{
    private const int MaxEventsPerAppend = 500;
    private const int MaxStreamsPerAppend = 50;
    private const int MaxBytesPerAppend = 8 * 1024 * 1024;
    private const int LeastPagePerOrigin = 16;

    private static readonly StreamId Identity = new("k1s0-sync", "identity");
    private static readonly StreamId Origins = new("k1s0-sync", "origins");

    private readonly IEventStore _store;
    private readonly IEventAppender _appender;
    private readonly IStreamReader _reader;
    private readonly TimeProvider _timeProvider;
    private readonly StoredLogs _logs;

    // Origins whose log is named in the stream of origins. Only the appending side looks.
    private HashSet<Origin>? _known;

    /// <summary>A store for a replica.</summary>
    /// <param name="store">
    /// The event store; it also appends to several streams at once and reads streams backward.
    /// </param>
    /// <param name="timeProvider">Where the time of its own notes comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The store lacks a role.</exception>
    public EventStoreReplicaStore(IEventStore store, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
        _appender = store as IEventAppender
            ?? throw new ArgumentException($"The store is no {nameof(IEventAppender)}.", nameof(store));
        _reader = store as IStreamReader
            ?? throw new ArgumentException($"The store is no {nameof(IStreamReader)}.", nameof(store));
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logs = new StoredLogs(_store, _appender, _reader);
    }

    /// <inheritdoc/>
    public async Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default)
    {
        await foreach (var last in _reader
            .ReadStreamAsync(Identity, ReadDirection.Backward, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            var payload = last.Payload;
            return new ReplicaIdentity(
                OriginNames.Read(payload.GetProperty("origin")), payload.GetProperty("installation").GetString()!);
        }

        return null;
    }

    /// <inheritdoc/>
    public async Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var payload = OriginNames.Note(identity.Self, json => json.WriteString("installation", identity.Installation));
        await _store.AppendAsync(
            Identity,
            [EventEnvelope.Create(Identity, "replica-named", payload, timeProvider: _timeProvider)],
            expectedVersion: null,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default)
    {
        var (heads, known) = (new List<OriginHead>(), new HashSet<Origin>());
        var names = await _store.LoadAsync(Origins, cancellationToken: cancellationToken).ConfigureAwait(false);
        foreach (var named in names)
        {
            var origin = OriginNames.Read(named.Payload.GetProperty("origin"));
            if (known.Add(origin)
                && await ReadHeadAsync(origin, cancellationToken).ConfigureAwait(false) is { } head)
            {
                heads.Add(head);
            }
        }

        _known = known;
        return heads;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(upTo);
        var wanted = Wanted(after, upTo);
        var each = Math.Max(LeastPagePerOrigin, maxEvents / Math.Max(1, wanted.Count));
        var cursors = new PriorityQueue<(Queue<SyncEvent> Loaded, bool HasMore), SyncEvent>(EventOrder.Instance);
        foreach (var dot in wanted)
        {
            var last = Math.Min(dot.Sequence, after[dot.Origin] + each);
            var loaded = await _logs.LoadAsync(dot.Origin, after[dot.Origin] + 1, last, cancellationToken)
                .ConfigureAwait(false);
            var page = new Queue<SyncEvent>(loaded);
            if (page.TryPeek(out var first))
            {
                cursors.Enqueue((page, last < dot.Sequence), first);
            }
        }

        return Merge(cursors, maxEvents, maxBytes);
    }

    /// <inheritdoc/>
    public async Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (_known is null)
        {
            await ReadHeadsAsync(cancellationToken).ConfigureAwait(false);
        }

        for (var from = 0; from < events.Count;)
        {
            var count = CountOfNextAppend(events, from);
            await AppendPartAsync([.. events.Skip(from).Take(count)], cancellationToken).ConfigureAwait(false);
            from += count;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken = default) =>
        await _logs.ReadLinksAsync(origin, first, last, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SyncEvent>> ReadWholeAsync(
        Origin origin, IReadOnlyList<long> sequences, int maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        var (whole, bytes) = (new List<SyncEvent>(), 0L);
        foreach (var sequence in sequences)
        {
            foreach (var one in await _logs.LoadWholeAsync(origin, sequence, sequence, cancellationToken)
                .ConfigureAwait(false))
            {
                whole.Add(one);
                bytes += one.Size;
            }

            if (bytes >= maxBytes)
            {
                break;
            }
        }

        return whole;
    }

    /// <inheritdoc/>
    public Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        return _logs.RepairAsync(events, cancellationToken);
    }

    private static List<Dot> Wanted(VectorClock after, VectorClock upTo)
    {
        var wanted = new List<Dot>();
        foreach (var dot in upTo.Entries)
        {
            if (after[dot.Origin] < dot.Sequence)
            {
                wanted.Add(dot);
            }
        }

        return wanted;
    }

    // Ends where the next event of some log is not loaded: it might come before all others.
    private static List<SyncEvent> Merge(
        PriorityQueue<(Queue<SyncEvent> Loaded, bool HasMore), SyncEvent> cursors, int maxEvents, int maxBytes)
    {
        var (page, bytes) = (new List<SyncEvent>(), 0L);
        while (page.Count < maxEvents && bytes < maxBytes && cursors.TryDequeue(out var cursor, out var next))
        {
            page.Add(next);
            bytes += next.Size;
            cursor.Loaded.Dequeue();
            if (cursor.Loaded.TryPeek(out var following))
            {
                cursors.Enqueue(cursor, following);
            }
            else if (cursor.HasMore)
            {
                break;
            }
        }

        return page;
    }

    private static int CountOfNextAppend(IReadOnlyList<DeliveredEvent> events, int from)
    {
        var (origins, bytes, count) = (new HashSet<Origin>(), 0L, 0);
        foreach (var delivered in events.Skip(from).Take(MaxEventsPerAppend))
        {
            bytes += delivered.Event.Size;
            origins.Add(delivered.Event.Dot.Origin);
            if (count > 0 && (bytes > MaxBytesPerAppend || origins.Count > MaxStreamsPerAppend))
            {
                break;
            }

            count++;
        }

        return count;
    }

    private async Task AppendPartAsync(List<DeliveredEvent> events, CancellationToken cancellationToken)
    {
        var appends = new List<StreamAppend>();
        var news = events.Select(delivered => delivered.Event.Dot.Origin).Distinct()
            .Where(origin => !_known!.Contains(origin)).ToList();
        if (news.Count > 0)
        {
            appends.Add(new StreamAppend(
                Origins,
                [
                    .. news.Select(origin => EventEnvelope.Create(
                        Origins, "origin-seen", OriginNames.Note(origin), timeProvider: _timeProvider)),
                ]));
        }

        appends.AddRange(
            from delivered in events
            group delivered by delivered.Event.Dot.Origin into log
            let stream = OriginNames.Log(log.Key)
            select new StreamAppend(
                stream,
                [.. log.Select(delivered => StoredSyncEvent.Write(delivered, stream))],
                ExpectedVersion.Exactly(new StreamVersion(log.First().Event.Dot.Sequence - 1))));
        await _appender.AppendAsync(appends, cancellationToken).ConfigureAwait(false);
        _known!.UnionWith(news);
    }

    private async Task<OriginHead?> ReadHeadAsync(Origin origin, CancellationToken cancellationToken)
    {
        SyncEvent? last = null;
        var (context, expected) = (VectorClock.Empty, 0L);
        await foreach (var stored in _reader
            .ReadStreamAsync(OriginNames.Log(origin), ReadDirection.Backward, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            var (read, whole) = await _logs.ReadAsync(stored, origin, cancellationToken).ConfigureAwait(false);
            if (last is not null && stored.Version < expected)
            {
                context = context.Merge(await _logs.LoadObservedAsync(
                    origin, stored.Version + 1, expected, cancellationToken).ConfigureAwait(false));
            }

            (last, expected) = (last ?? read, stored.Version - 1);
            context = context.Merge(whole ?? read.Observed);
            if (whole is not null)
            {
                expected = 0;
                break;
            }
        }

        if (expected > 0)
        {
            context = context.Merge(
                await _logs.LoadObservedAsync(origin, 1, expected, cancellationToken).ConfigureAwait(false));
        }

        return last is null ? null : new OriginHead(last.Dot, last.Hash, last.Time, context);
    }
}
