namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A place where somebody stands still, the first time that it gets there, until it is told to go on.</summary>
internal sealed class Pause
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when somebody stands there.</summary>
    public Task Reached => _reached.Task;

    public Task HereAsync()
    {
        _reached.TrySetResult();
        return _goOn.Task;
    }

    public void GoOn() => _goOn.SetResult();
}
