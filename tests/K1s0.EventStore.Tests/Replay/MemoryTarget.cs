namespace K1s0.EventStore.Tests;

/// <summary>Rows that a replay keeps as a whole, and what it was asked to do with them.</summary>
internal sealed class MemoryTarget : IReplayTarget, ISubscriptionHandler
{
    private List<Guid> _pending = [];
    private int _mark;
    private int _step;

    public List<Guid> Rows { get; private set; } = [];

    public ReplayPlace? Kept { get; private set; }

    public List<string> Calls { get; } = [];

    public Func<EventEnvelope, CancellationToken, Task>? Act { get; init; }

    public Exception? CommitFailure { get; init; }

    public Exception? RollbackFailure { get; init; }

    public Exception? MarkFailure { get; set; }

    public Exception? UndoFailure { get; init; }

    public Task BeginAsync(CancellationToken cancellationToken)
    {
        (_pending, _mark) = ([.. Rows], Rows.Count);
        return CallAsync("begin", failure: null);
    }

    public Task MarkAsync()
    {
        var failure = MarkFailure;
        MarkFailure = null;
        _mark = failure is null ? _pending.Count : _mark;
        return failure is null ? Task.CompletedTask : Task.FromException(failure);
    }

    public Task BeginStepAsync()
    {
        _step = _pending.Count;
        return Task.CompletedTask;
    }

    public Task UndoStepAsync()
    {
        _pending.RemoveRange(_step, _pending.Count - _step);
        return CallAsync("undo step", failure: null);
    }

    public Task UndoAsync()
    {
        if (UndoFailure is null)
        {
            _pending.RemoveRange(_mark, _pending.Count - _mark);
        }

        return CallAsync("undo", UndoFailure);
    }

    public Task CommitAsync(ReplayPlace? reached)
    {
        if (CommitFailure is null)
        {
            (Rows, Kept) = (_pending, reached);
        }

        return CallAsync("commit", CommitFailure);
    }

    public Task RollbackAsync() => CallAsync("rollback", RollbackFailure);

    public async ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        // Written before it fails: whatever a failed attempt wrote must be undone.
        _pending.Add(envelope.Id);
        await (Act?.Invoke(envelope, cancellationToken) ?? Task.CompletedTask);
    }

    private Task CallAsync(string call, Exception? failure)
    {
        Calls.Add(call);
        return failure is null ? Task.CompletedTask : Task.FromException(failure);
    }
}
