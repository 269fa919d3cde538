namespace K1s0.EventStore.Conformance;

/// <summary>The true time; cancels a token when it is asked for the n-th time.</summary>
internal sealed class CancellingTime : TimeProvider
{
    // Guarded by _lock: a store may ask from several threads.
    private readonly Lock _lock = new();
    private CancellationTokenSource? _source;
    private int _left;

    public override DateTimeOffset GetUtcNow()
    {
        Asked();
        return base.GetUtcNow();
    }

    public override long GetTimestamp()
    {
        Asked();
        return base.GetTimestamp();
    }

    public void FireAt(int call, CancellationTokenSource source)
    {
        lock (_lock)
        {
            (_left, _source) = (call, source);
        }
    }

    public void Disarm()
    {
        lock (_lock)
        {
            _source = null;
        }
    }

    private void Asked()
    {
        CancellationTokenSource? fired = null;
        lock (_lock)
        {
            if (_source is not null && --_left == 0)
            {
                (fired, _source) = (_source, null);
            }
        }

        // Outside of the lock: the token's callbacks are the store's code.
        fired?.Cancel();
    }
}
