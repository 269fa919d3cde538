namespace K1s0.EventStore.Sync.Beginnings.Tests;

/// <summary>Holds back what the peer says behind its vector, until a test releases it.</summary>
internal sealed class GatedTransport(ISyncTransport inner) : ISyncTransport
{
    // Welcome, and the vector.
    private const int Passed = 2;

    private readonly TaskCompletionSource _holds = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _received;

    /// <summary>When it holds a frame back.</summary>
    public Task HoldsEvents => _holds.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public void Release() => _released.SetResult();

    public ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default) =>
        inner.SendAsync(frame, cancellationToken);

    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        var frame = await inner.ReceiveAsync(cancellationToken);
        if (++_received > Passed)
        {
            _holds.TrySetResult();
            await _released.Task;
        }

        return frame;
    }

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
