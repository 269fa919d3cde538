namespace K1s0.EventStore.Sqlite.Tests.Files;

/// <summary>A write that stays in its transaction until it is let go: what comes meanwhile waits together.</summary>
internal sealed class HeldWriter : IDisposable
{
    private readonly ManualResetEventSlim _gate = new();

    public static async Task<HeldWriter> StartAsync(SqliteStoreFile file)
    {
        var held = new HeldWriter();
        var isUnderWay = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = file.WriteAsync(
            _ =>
            {
                isUnderWay.SetResult();
                held._gate.Wait();
                return true;
            },
            CancellationToken.None);
        await isUnderWay.Task;
        return held;
    }

    public void LetGo() => _gate.Set();

    // The event is left to the collector: the writer may be looking at it.
    public void Dispose() => _gate.Set();
}
