using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Keeps a replica's logs in an event store, for example an SQLite file: one stream for each origin, in which an
/// event's version is its sequence, so the store itself refuses a dot that is taken.
/// </summary>
/// <remarks>
/// <para>Streams: <c>k1s0-sync-log</c> / origin, and <c>k1s0-sync</c> / <c>identity</c>, <c>origins</c>,
/// <c>repairs</c>, <c>branches</c> and <c>beginnings</c> (a log that begins behind event n is in a stream of its own,
/// origin-n). An event is stored under an id that is made of its hash: what was changed in the store is found
/// when it is read, and <see cref="InvalidFormatException"/> is thrown, until a repair stands in its place. At most
/// 65,536 repairs are kept, events of adopted branches among them. Damage at the end of a log, where contexts are read
/// from when the store is opened, cuts the log there (<see cref="OriginHead.DamagedUpTo"/>): what is
/// appended again takes the places of what is damaged.</para>
/// <para>What is appended at once is split into appends of at most 500 events: a failure in between leaves the first of
/// them, each with all that it builds on.</para>
/// </remarks>
public sealed class EventStoreReplicaStore : IBranchReplicaStore, IBeginningReplicaStore
{
    private const int MaxEventsPerAppend = 500;
    private const int MaxStreamsPerAppend = 50;
    private const int MaxBytesPerAppend = 8 * 1024 * 1024;
    private const int MaxRepairsAtOnce = 256;

    private static readonly StreamId Identity = new("k1s0-sync", "identity");
    private static readonly StreamId Origins = new("k1s0-sync", "origins");

    private readonly IEventStore _store;
    private readonly IEventAppender _appender;
    private readonly IStreamReader _reader;
    private readonly TimeProvider _timeProvider;
    private readonly StoredNotes _notes;
    private readonly StoredLogs _logs;
    private readonly StoredRepairs _repairs;
    private readonly StoredHeads _heads;
    private readonly StoredPages _pages;
    private readonly StoredBeginnings _beginnings;
    private readonly LogStreams _streams;

    // Origins whose log is named in the stream of origins. Only the appending side looks.
    private HashSet<Origin>? _known;

    // Up to where the store holds something else already, or the same. Only the appending side looks.
    private Dictionary<Origin, long> _taken = [];

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
        _notes = new StoredNotes(_store, _reader);
        _repairs = new StoredRepairs(_store, _appender, _reader, _timeProvider);
        _beginnings = new StoredBeginnings(_store, _appender, _reader, _timeProvider);
        _streams = new LogStreams(_store, _reader, _beginnings);
        _logs = new StoredLogs(_streams, _repairs);
        (_heads, _pages) = (new StoredHeads(_logs, _streams), new StoredPages(_logs));
    }

    /// <summary>Who the store belongs to; null while nobody has said, and where that is damaged.</summary>
    /// <param name="cancellationToken">Gives up; nothing has changed.</param>
    public async Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default)
    {
        var end = (await _reader.GetHeadAsync(Identity, cancellationToken).ConfigureAwait(false)).Version.Value;
        var notes = await _notes.LoadAsync(Identity, cancellationToken).ConfigureAwait(false);

        // An earlier note may name an origin that was given up for a reason.
        return notes is [.., var last] && last.Version == end && OriginNames.TryRead(last) is { } self
            ? new ReplicaIdentity(self, OriginNames.ReadText(last, "installation"))
            {
                IsOfAnotherStore = !string.Equals(
                    OriginNames.ReadText(last, "store"),
                    await NameStoreAsync(cancellationToken).ConfigureAwait(false),
                    StringComparison.Ordinal),
            }
            : null;
    }

    /// <inheritdoc/>
    public async Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var name = await NameStoreAsync(cancellationToken).ConfigureAwait(false);
        var payload = OriginNames.Note(identity.Self, json =>
        {
            json.WriteString("installation", identity.Installation);
            json.WriteString("store", name);
        });
        await _store.AppendAsync(
            Identity,
            [EventEnvelope.Create(Identity, "replica-named", payload, timeProvider: _timeProvider)],
            expectedVersion: null,
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default)
    {
        var (heads, known, taken) = (new List<OriginHead>(), new HashSet<Origin>(), new Dictionary<Origin, long>());
        var adopted = (await _repairs.LoadAsync(cancellationToken).ConfigureAwait(false)).Adopted;
        var begun = await _beginnings.LoadAsync(cancellationToken).ConfigureAwait(false);
        var named = await _notes.LoadAsync(Origins, cancellationToken).ConfigureAwait(false);
        foreach (var next in named.Select(OriginNames.TryRead).Concat(begun.Keys.Select(log => (Origin?)log)))
        {
            if (next is { } origin
                && known.Add(origin)
                && await _heads.ReadAsync(origin, cancellationToken).ConfigureAwait(false) is { } head)
            {
                heads.Add(head with { WasAdopted = adopted.Contains(origin) });
                taken[origin] = head.DamagedUpTo;
            }
        }

        (_known, _taken) = (known, taken);
        return heads;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(upTo);
        return await _pages.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        if (_known is null)
        {
            await ReadHeadsAsync(cancellationToken).ConfigureAwait(false);
        }

        await FindTakenAsync(events, cancellationToken).ConfigureAwait(false);
        for (var from = 0; from < events.Count;)
        {
            var count = CountOfNextAppend(events, from);
            List<DeliveredEvent> part = [.. events.Skip(from).Take(count)];
            await (IsTaken(part[0])
                ? _logs.RepairAsync([.. part.Select(delivered => delivered.Event)], cancellationToken)
                : AppendPartAsync(part, cancellationToken)).ConfigureAwait(false);
            from += count;
        }
    }

    /// <summary>Has the store say whether it takes the largest event that names so many origins.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    internal Task CheckRoomAsync(int origins, CancellationToken cancellationToken) =>
        StoreTrial.CheckAsync(_appender, origins, cancellationToken);

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

    /// <inheritdoc/>
    public Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(branch);
        return _repairs.AdoptAsync(branch, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(CancellationToken cancellationToken = default) =>
        _logs.ReadGivenUpAsync(cancellationToken);

    /// <inheritdoc/>
    public Task BeginAsync(
        SnapshotManifest snapshot, IReadOnlyList<Origin> logs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(logs);
        _known = null;
        return _beginnings.AppendAsync(snapshot, logs, cancellationToken);
    }

    // Its id and epoch, for stores that have these; an operator begins an epoch after a restore.
    private async Task<string> NameStoreAsync(CancellationToken cancellationToken) => _store is IFeedReader feed
        ? (await feed.GetIdentityAsync(cancellationToken).ConfigureAwait(false)).ToString()
        : string.Empty;

    // Whether there is an event in the place already: the same, or one that is damaged.
    private bool IsTaken(DeliveredEvent delivered) =>
        _taken.GetValueOrDefault(delivered.Event.Dot.Origin) >= delivered.Event.Dot.Sequence;

    // A log that is not among those that are known may have lost its name.
    private async Task FindTakenAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken)
    {
        foreach (var origin in events.Select(delivered => delivered.Event.Dot.Origin).Distinct())
        {
            if (!_known!.Contains(origin) && !_taken.ContainsKey(origin))
            {
                var head = await _reader.GetHeadAsync(OriginNames.Log(origin), cancellationToken).ConfigureAwait(false);
                _taken[origin] = head.Version.Value;
                if (head.Version > StreamVersion.None)
                {
                    await _appender.AppendAsync([Naming([origin])], cancellationToken).ConfigureAwait(false);
                    _known.Add(origin);
                }
            }
        }
    }

    private int CountOfNextAppend(IReadOnlyList<DeliveredEvent> events, int from)
    {
        var (origins, bytes, count) = (new HashSet<Origin>(), 0L, 0);
        var isTaken = IsTaken(events[from]);
        foreach (var delivered in events.Skip(from).Take(isTaken ? MaxRepairsAtOnce : MaxEventsPerAppend))
        {
            bytes += delivered.Event.Size;
            origins.Add(delivered.Event.Dot.Origin);
            if (count > 0 && (bytes > MaxBytesPerAppend || origins.Count > MaxStreamsPerAppend
                || IsTaken(delivered) != isTaken))
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
            appends.Add(Naming(news));
        }

        foreach (var log in events.GroupBy(delivered => delivered.Event.Dot.Origin))
        {
            appends.Add(await _streams.AppendOfAsync(log.Key, log, cancellationToken).ConfigureAwait(false));
        }

        await _appender.AppendAsync(appends, cancellationToken).ConfigureAwait(false);
        _known!.UnionWith(news);
    }

    private StreamAppend Naming(List<Origin> origins) => new(
        Origins,
        [
            .. origins.Select(origin => EventEnvelope.Create(
                Origins, "origin-seen", OriginNames.Note(origin), timeProvider: _timeProvider)),
        ]);
}
