namespace K1s0.EventStore.TestServers;

/// <summary>Lets messages pass, or keeps them waiting.</summary>
internal sealed class Gate
{
    private volatile TaskCompletionSource _open = Opened();

    /// <summary>Completes when the gate is open.</summary>
    public Task WaitAsync() => _open.Task;

    public void Close()
    {
        if (_open.Task.IsCompleted)
        {
            _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Open() => _open.TrySetResult();

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
