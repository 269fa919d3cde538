namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A place to publish that fails at a chosen call, before or after doing what it was asked for.</summary>
internal sealed class FailingTarget(IPublishedLog inner) : IPublishedLog
{
    private int _calls;

    /// <summary>The number of the call that fails, from 1; 0 for none.</summary>
    public int FailAt { get; set; }

    public bool FailsAfterwards { get; set; }

    /// <summary>Whether the checkpoint was replaced.</summary>
    public bool HasReplaced { get; private set; }

    public Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) =>
        inner.ReadCheckpointAsync(cancellationToken);

    public Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        AtAsync(() => inner.PutAsync(path, content, cancellationToken));

    public Task RemovePartialsAsync(string path, CancellationToken cancellationToken) => AtAsync(async () =>
    {
        await inner.RemovePartialsAsync(path, cancellationToken);
        return true;
    });

    public Task<bool> ReplaceCheckpointAsync(
        ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken) =>
        AtAsync(async () =>
            HasReplaced = await inner.ReplaceCheckpointAsync(expected, checkpoint, cancellationToken));

    private async Task<bool> AtAsync(Func<Task<bool>> action)
    {
        var fails = Interlocked.Increment(ref _calls) == FailAt;
        if (fails && !FailsAfterwards)
        {
            throw new StoreUnavailableException("The target failed.");
        }

        var result = await action();
        return fails ? throw new StoreUnavailableException("The target failed.") : result;
    }
}
