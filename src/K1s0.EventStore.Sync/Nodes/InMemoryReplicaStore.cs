using System.Runtime.CompilerServices;
using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>Logs in memory, for tests; forgotten with the process. Safe for several threads.</summary>
public sealed class InMemoryReplicaStore : IBranchReplicaStore, IBeginningReplicaStore
{
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private readonly Dictionary<Origin, List<DeliveredEvent>> _logs = [];
    private readonly Dictionary<Origin, OriginHead> _beginnings = [];
    private readonly List<SyncEvent> _givenUp = [];
    private ReplicaIdentity? _identity;

    /// <inheritdoc/>
    public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult(_identity);
        }
    }

    /// <inheritdoc/>
    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _identity = identity;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<OriginHead>>([.. _logs.Select(log => Head(log.Key, log.Value))]);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(upTo);
        cancellationToken.ThrowIfCancellationRequested();
        var (page, bytes) = (new List<SyncEvent>(), 0L);
        lock (_lock)
        {
            foreach (var next in CausalMerge.Merge(Wanted(after, upTo), Everything()))
            {
                page.Add(next);
                bytes += next.Size;
                if (page.Count >= maxEvents || bytes >= maxBytes)
                {
                    break;
                }
            }
        }

        return Task.FromResult<IReadOnlyList<SyncEvent>>(page);
    }

    /// <inheritdoc/>
    public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var delivered in events)
            {
                var dot = delivered.Event.Dot;
                var log = _logs.TryGetValue(dot.Origin, out var found) ? found : [];
                if (dot.Sequence != Before(dot.Origin) + log.Count + 1)
                {
                    throw new ArgumentException($"{dot} is not the next of its log.", nameof(events));
                }

                _logs[dot.Origin] = log;
                log.Add(delivered);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var log = _logs.GetValueOrDefault(origin) ?? [];
            return Task.FromResult<IReadOnlyList<LogLink>>(
            [
                .. Slice(log, first - 1 - Before(origin), last - Before(origin))
                    .Select(one => new LogLink(one.Dot.Sequence, one.Hash, one.Previous)),
            ]);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<SyncEvent>> ReadWholeAsync(
        Origin origin, IReadOnlyList<long> sequences, int maxBytes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        cancellationToken.ThrowIfCancellationRequested();
        var (whole, bytes) = (new List<SyncEvent>(), 0L);
        lock (_lock)
        {
            var log = _logs.GetValueOrDefault(origin) ?? [];
            foreach (var at in sequences.Select(sequence => sequence - 1 - Before(origin))
                .Where(at => at >= 0 && at < log.Count))
            {
                whole.Add(log[(int)at].Event);
                bytes += whole[^1].Size;
                if (bytes >= maxBytes)
                {
                    break;
                }
            }
        }

        return Task.FromResult<IReadOnlyList<SyncEvent>>(whole);
    }

    /// <inheritdoc/>
    public Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(events);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var good in events)
            {
                var (log, at) = PlaceOf(good.Dot);
                log[at] = log[at] with { Event = good };
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(branch);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var next in branch)
            {
                var (log, at) = PlaceOf(next.Dot);
                var before = at > 0 ? log[at - 1].Context
                    : _beginnings.GetValueOrDefault(next.Dot.Origin)?.Context ?? VectorClock.Empty;
                _givenUp.Add(log[at].Event);
                log[at] = new DeliveredEvent(next, before.Merge(next.Observed));
            }
        }

        return Task.FromResult(true);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        SyncEvent[] givenUp;
        lock (_lock)
        {
            givenUp = [.. _givenUp];
        }

        await Task.CompletedTask.WaitAsync(cancellationToken).ConfigureAwait(false);
        foreach (var one in givenUp)
        {
            yield return one;
        }
    }

    /// <inheritdoc/>
    public Task BeginAsync(
        SnapshotManifest snapshot, IReadOnlyList<Origin> logs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(logs);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var head in snapshot.Heads.Where(head => logs.Contains(head.Last.Origin)))
            {
                _beginnings[head.Last.Origin] = head;
                _logs[head.Last.Origin] = [];
            }
        }

        return Task.CompletedTask;
    }

    private OriginHead Head(Origin origin, List<DeliveredEvent> log)
    {
        var beginning = _beginnings.GetValueOrDefault(origin);
        var head = log.Count == 0
            ? beginning!
            : new OriginHead(log[^1].Event.Dot, log[^1].Event.Hash, log[^1].Event.Time, log[^1].Context);
        return head with
        {
            WasAdopted = _givenUp.Exists(one => one.Dot.Origin == origin),
            BeginsBehind = beginning,
        };
    }

    // How many events of a log are not here, because it begins behind them.
    private long Before(Origin origin) => _beginnings.GetValueOrDefault(origin)?.Last.Sequence ?? 0;

    private (List<DeliveredEvent> Log, int At) PlaceOf(Dot dot) =>
        (_logs[dot.Origin], (int)(dot.Sequence - 1 - Before(dot.Origin)));

    // What the peer lacks may build on what it has of other logs, or refuses: that does not hold a page back.
    private VectorClock Everything() => VectorClock.Of(
        [.. _logs.Select(log => new Dot(log.Key, Before(log.Key) + log.Value.Count))]);

    private List<IEnumerable<SyncEvent>> Wanted(VectorClock after, VectorClock upTo)
    {
        var wanted = new List<IEnumerable<SyncEvent>>();
        foreach (var dot in upTo.Entries)
        {
            if (_logs.TryGetValue(dot.Origin, out var log) && after[dot.Origin] < dot.Sequence)
            {
                var before = Before(dot.Origin);
                wanted.Add(Slice(log, after[dot.Origin] - before, dot.Sequence - before));
            }
        }

        return wanted;
    }

    private static IEnumerable<SyncEvent> Slice(List<DeliveredEvent> log, long from, long to)
    {
        for (var i = (int)Math.Clamp(from, 0, log.Count); i < Math.Min(to, log.Count); i++)
        {
            yield return log[i].Event;
        }
    }
}
