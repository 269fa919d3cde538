using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync;

/// <summary>Logs in memory, for tests; forgotten with the process. Safe for several threads.</summary>
public sealed class InMemoryReplicaStore : IBranchReplicaStore
{
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private readonly Dictionary<Origin, List<DeliveredEvent>> _logs = [];
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
            return Task.FromResult<IReadOnlyList<OriginHead>>([.. _logs.Values.Select(log => Head(log[^1]))]);
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
                if (dot.Sequence != log.Count + 1)
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
                .. Slice(log, (int)Math.Min(first - 1, log.Count), (int)Math.Min(last, log.Count))
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
            foreach (var sequence in sequences.Where(sequence => sequence >= 1 && sequence <= log.Count))
            {
                whole.Add(log[(int)sequence - 1].Event);
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
                var log = _logs[good.Dot.Origin];
                log[(int)good.Dot.Sequence - 1] = log[(int)good.Dot.Sequence - 1] with { Event = good };
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
                var (log, at) = (_logs[next.Dot.Origin], (int)next.Dot.Sequence - 1);
                var before = at == 0 ? VectorClock.Empty : log[at - 1].Context;
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

    private OriginHead Head(DeliveredEvent last) =>
        new(last.Event.Dot, last.Event.Hash, last.Event.Time, last.Context)
        {
            WasAdopted = _givenUp.Exists(one => one.Dot.Origin == last.Event.Dot.Origin),
        };

    // What the peer lacks may build on what it has of other logs, or refuses: that does not hold a page back.
    private VectorClock Everything() => VectorClock.Of([.. _logs.Select(log => log.Value[^1].Event.Dot)]);

    private List<IEnumerable<SyncEvent>> Wanted(VectorClock after, VectorClock upTo)
    {
        var wanted = new List<IEnumerable<SyncEvent>>();
        foreach (var dot in upTo.Entries)
        {
            if (_logs.TryGetValue(dot.Origin, out var log) && after[dot.Origin] < dot.Sequence)
            {
                var from = (int)after[dot.Origin];
                wanted.Add(Slice(log, from, (int)Math.Min(dot.Sequence, log.Count)));
            }
        }

        return wanted;
    }

    private static IEnumerable<SyncEvent> Slice(List<DeliveredEvent> log, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            yield return log[i].Event;
        }
    }
}
