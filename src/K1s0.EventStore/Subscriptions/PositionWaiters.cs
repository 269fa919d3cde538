namespace K1s0.EventStore;

/// <summary>Those who wait until a subscription has come to a position. Thread-safe.</summary>
internal sealed class PositionWaiters
{
    // Both guarded by _lock; the second is read without it, so that a mark that nobody waits for costs one read.
    private readonly Lock _lock = new();
    private readonly List<(Position Position, TaskCompletionSource<Exception?> Reached)> _waiters = [];
    private long _lowest = long.MaxValue;

    /// <summary>
    /// Waits for a position: null when it is reached, otherwise what the subscription ended with. Look where the
    /// subscription stands after this, not before: then no move is missed.
    /// </summary>
    public TaskCompletionSource<Exception?> Add(Position position)
    {
        var reached = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiters.Add((position, reached));
            Volatile.Write(ref _lowest, Math.Min(_lowest, position.Value));
        }

        return reached;
    }

    /// <summary>Waits no more.</summary>
    public void Remove(TaskCompletionSource<Exception?> reached) => Take(waiter => waiter.Reached == reached);

    /// <summary>The subscription has come to a position.</summary>
    public void Reached(Position position)
    {
        if (position.Value < Volatile.Read(ref _lowest))
        {
            return;
        }

        foreach (var reached in Take(waiter => waiter.Position <= position))
        {
            reached.TrySetResult(null);
        }
    }

    /// <summary>The subscription has ended for good: nobody comes any further.</summary>
    public void Fail(Exception error)
    {
        foreach (var reached in Take(static _ => true))
        {
            reached.TrySetResult(error);
        }
    }

    private TaskCompletionSource<Exception?>[] Take(Predicate<(Position Position, TaskCompletionSource<Exception?> Reached)> condition)
    {
        lock (_lock)
        {
            var taken = _waiters.FindAll(condition);
            _waiters.RemoveAll(condition);
            Volatile.Write(
                ref _lowest, _waiters.Count == 0 ? long.MaxValue : _waiters.Min(waiter => waiter.Position.Value));
            return [.. taken.Select(waiter => waiter.Reached)];
        }
    }
}
