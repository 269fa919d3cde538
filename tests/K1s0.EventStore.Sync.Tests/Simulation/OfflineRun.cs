using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// A queue whose disk fails, whose process dies and whose answers get lost, and a server that counts what takes effect.
/// </summary>
internal sealed class OfflineRun(ulong seed)
{
    private readonly Random _random = new Chance(seed).Work;
    private readonly SimulatedClock _clock = new(new Schedule());
    private readonly List<QueuedOperation> _asked = [];

    // In the order in which they became durable.
    private readonly List<QueuedOperation> _queued = [];
    private readonly HashSet<Guid> _acknowledged = [];
    private readonly Dictionary<string, List<long>> _effects = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _applied = [];
    private readonly HashSet<Guid> _rejected = [];
    private FaultyQueueStore _store = null!;
    private OfflineQueue _queue = null!;
    private bool _isSafe;

    public void Run()
    {
        var events = new InMemoryEventStore(timeProvider: _clock);
        _store = new FaultyQueueStore(
            _random.Next(2) == 0 ? new InMemoryQueueStore() : new EventStoreQueueStore(events, timeProvider: _clock), _random);
        Open();
        for (var step = _random.Next(30, 120); step > 0; step--)
        {
            _clock.Error += TimeSpan.FromMilliseconds(_random.Next(400));
            _store.FailsSometimes = _random.Next(3) == 0;
            Step();
        }

        Finish();
    }

    private void Step()
    {
        switch (_random.Next(10))
        {
            case < 6:
                Enqueue(_random.Next(4) == 0 && _asked.Count > 0 ? _asked[_random.Next(_asked.Count)] : Draw());
                break;
            case < 9:
                Try(() => Immediately.Get(_queue.DrainAsync(new Server(this))));
                break;
            default:
                Open();
                break;
        }
    }

    // Nothing fails any more: everything that was acknowledged takes effect, once, and in order for each key.
    private void Finish()
    {
        (_isSafe, _store.FailsSometimes) = (true, false);
        Open();
        for (var round = 0; round < 20; round++)
        {
            _clock.Error += TimeSpan.FromMinutes(6);
            Immediately.Get(_queue.DrainAsync(new Server(this)));
        }

        foreach (var dead in _queue.ReadDead())
        {
            Check(_rejected.Contains(dead.Operation.Id), $"{dead.Operation} was laid aside: {dead.DeadReason}");
            _rejected.UnionWith(dead.Operation.Absorbed);
        }

        Check(_queue.Status.Waiting == 0, $"{_queue.Status.Waiting} operations still wait");
        foreach (var id in _acknowledged)
        {
            Check(_applied.Contains(id) || _rejected.Contains(id), $"{id} was acknowledged and has taken no effect");
        }

        foreach (var (key, effects) in _effects)
        {
            var queued = _queued.Where(operation => string.Equals(operation.Key, key, StringComparison.Ordinal)
                && !_rejected.Contains(operation.Id)).SelectMany(operation => Read(operation.PayloadUtf8));
            Check(effects.SequenceEqual(queued), $"{key} was done in the order {string.Join(", ", effects)}");
        }
    }

    private void Open()
    {
        _queue?.Dispose();
        var options = new OfflineQueueOptions { BatchOperations = _random.Next(1, 8), MaxFailedAttempts = 1_000 };
        options.Merge.Add("add", Merge);
        _queue = Retried(() => Immediately.Get(OfflineQueue.OpenAsync(_store, options, _clock)));
    }

    private T Retried<T>(Func<T> action)
    {
        while (true)
        {
            try
            {
                return action();
            }
            catch (SimulatedDiskErrorException)
            {
                _store.FailsSometimes = false;
            }
        }
    }

    private void Enqueue(QueuedOperation operation) => Try(() =>
    {
        if (!_asked.Contains(operation))
        {
            _asked.Add(operation);
        }

        try
        {
            Immediately.Get(_queue.EnqueueAsync(operation));
            _acknowledged.Add(operation.Id);
            Check(
                IsDurable(operation.Id) || _applied.Contains(operation.Id) || _rejected.Contains(operation.Id),
                $"{operation} was acknowledged and is not durable");
        }
        finally
        {
            if (IsDurable(operation.Id) && !_queued.Contains(operation))
            {
                _queued.Add(operation);
            }
        }
    });

    private bool IsDurable(Guid id) =>
        _store.Durable().Any(entry => entry.Operation.Id == id || entry.Operation.Absorbed.Contains(id));

    private QueuedOperation Draw()
    {
        var kind = _random.Next(5) switch { 0 => "set", 1 => "refused", _ => "add" };
        var payload = string.Create(CultureInfo.InvariantCulture, $"[{_asked.Count + 1}]");
        Span<byte> id = stackalloc byte[16];
        _random.NextBytes(id);
        return new QueuedOperation(
            new Guid(id), kind, string.Create(CultureInfo.InvariantCulture, $"k{_random.Next(3)}"), Encoding.UTF8.GetBytes(payload));
    }

    // The payload lists what the operation does, so that nothing can be lost or done twice unseen.
    private static ReadOnlyMemory<byte>? Merge(ReadOnlyMemory<byte> older, ReadOnlyMemory<byte> newer) =>
        Encoding.UTF8.GetBytes($"[{string.Join(',', Read(older).Concat(Read(newer)))}]");

    private static IEnumerable<long> Read(ReadOnlyMemory<byte> payload) =>
        Encoding.UTF8.GetString(payload.Span).Trim('[', ']').Split(',').Select(long.Parse);

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (SimulatedDiskErrorException)
        {
            // The caller is told, and goes on.
        }
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new SimulationFailedException(otherwise + ".");
        }
    }

    private OperationResult Apply(QueuedOperation operation)
    {
        if (string.Equals(operation.Kind, "refused", StringComparison.Ordinal))
        {
            _rejected.Add(operation.Id);
            return new OperationResult(operation.Id, OperationOutcome.Rejected, "refused");
        }

        if (_applied.Contains(operation.Id))
        {
            return new OperationResult(operation.Id, OperationOutcome.AlreadyApplied);
        }

        foreach (var id in operation.Absorbed.Append(operation.Id))
        {
            Check(_applied.Add(id), $"{id} takes effect twice");
        }

        if (!_effects.TryGetValue(operation.Key, out var effects))
        {
            _effects.Add(operation.Key, effects = []);
        }

        effects.AddRange(Read(operation.PayloadUtf8));
        return new OperationResult(operation.Id, OperationOutcome.Applied);
    }

    /// <summary>The other side, and the way to it: it fails, and answers get lost.</summary>
    private sealed class Server(OfflineRun run) : IOperationTarget
    {
        public Task<IReadOnlyList<OperationResult>> SubmitAsync(
            IReadOnlyList<QueuedOperation> operations, CancellationToken cancellationToken = default)
        {
            var (results, failed) = (new List<OperationResult>(), new HashSet<string>(StringComparer.Ordinal));
            foreach (var operation in operations)
            {
                if (!run._isSafe && run._random.Next(8) == 0)
                {
                    throw new IOException("The way is broken.");
                }

                results.Add(
                    failed.Contains(operation.Key) ? new OperationResult(operation.Id, OperationOutcome.NotTried)
                    : !run._isSafe && run._random.Next(8) == 0 ? Failed(operation)
                    : run.Apply(operation));
            }

            return run._isSafe || run._random.Next(4) > 0
                ? Task.FromResult<IReadOnlyList<OperationResult>>(results)
                : throw new TimeoutException("The answer got lost.");

            OperationResult Failed(QueuedOperation operation)
            {
                failed.Add(operation.Key);
                return new OperationResult(operation.Id, OperationOutcome.Failed, "the server stumbled.");
            }
        }
    }
}
