namespace K1s0.EventStore.Postgres.Tests.Doorbell;

/// <summary>A doorbell that runs beside the test, until the test stops it.</summary>
internal sealed class RunningDoorbell : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public RunningDoorbell(PostgresDoorbell doorbell)
    {
        Doorbell = doorbell;
        _running = Task.Run(() => doorbell.RunAsync(_stop.Token));
    }

    public PostgresDoorbell Doorbell { get; }

    /// <summary>Runs, and returns when it listens.</summary>
    public static async Task<RunningDoorbell> ListeningAsync(PostgresDoorbell doorbell, LiveFeed live)
    {
        var running = new RunningDoorbell(doorbell);
        await Eventually.TrueAsync(() => Task.FromResult(live.HasDoorbell));
        return running;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _stop.Dispose();
    }
}
