using System.Collections.Concurrent;

namespace K1s0.EventStore.Conformance;

/// <summary>Remembers what was handed over, in order; a test says what it does besides.</summary>
public sealed class RecordingHandler(Func<EventEnvelope, CancellationToken, Task>? act = null) : ISubscriptionHandler
{
    // Guarded by _lock.
    private readonly Lock _lock = new();
    private readonly List<EventEnvelope> _handled = [];
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];
    private readonly ConcurrentDictionary<Guid, int> _attempts = new();

    /// <summary>The events that were handled without an exception, in the order in which that ended.</summary>
    public IReadOnlyList<EventEnvelope> Handled
    {
        get
        {
            lock (_lock)
            {
                return [.. _handled];
            }
        }
    }

    /// <summary>How often an event was handed over, failures included.</summary>
    public int AttemptsOf(Guid eventId) => _attempts.GetValueOrDefault(eventId);

    /// <summary>Waits until this many events were handled.</summary>
    public Task HandledAsync(int count, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_handled.Count >= count)
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        _attempts.AddOrUpdate(envelope.Id, 1, static (_, count) => count + 1);
        if (act is not null)
        {
            await act(envelope, cancellationToken);
        }

        List<TaskCompletionSource> reached;
        lock (_lock)
        {
            _handled.Add(envelope);
            reached = [.. _waiting.Where(wait => wait.Count <= _handled.Count).Select(wait => wait.Reached)];
            _waiting.RemoveAll(wait => wait.Count <= _handled.Count);
        }

        reached.ForEach(wait => wait.SetResult());
    }
}
