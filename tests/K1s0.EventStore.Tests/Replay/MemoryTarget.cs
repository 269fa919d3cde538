namespace K1s0.EventStore.Tests;

/// <summary>Rows that a replay keeps as a whole, and what it was asked to do with them.</summary>
internal sealed class MemoryTarget : IReplayTarget, ISubscriptionHandler
{
    private List<Guid> _pending = [];
    private int _mark;

    public List<Guid> Rows { get; private set; } = [];

    public ReplayPlace? Kept { get; private set; }

    public List<string> Calls { get; } = [];

    public Func<EventEnvelope, CancellationToken, Task>? Act { get; init; }

    public Exception? CommitFailure { get; init; }

    public Exception? RollbackFailure { get; init; }

    public Exception? MarkFailure { get; set; }

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

    public Task UndoAsync()
    {
        _pending.RemoveRange(_mark, _pending.Count - _mark);
        return CallAsync("undo", failure: null);
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
