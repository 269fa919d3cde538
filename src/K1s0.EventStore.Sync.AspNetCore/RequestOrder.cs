namespace K1s0.EventStore.Sync.AspNetCore;

/// <summary>Lets the requests of one direction in one at a time, each once, by their numbers.</summary>
internal sealed class RequestOrder
{
    private readonly Lock _lock = new();
    private long _next = 1;
    private bool _isBusy;

    public bool TryBegin(long number)
    {
        lock (_lock)
        {
            if (_isBusy || number != _next)
            {
                return false;
            }

            (_isBusy, _next) = (true, _next + 1);
            return true;
        }
    }

    public void End()
    {
        lock (_lock)
        {
            _isBusy = false;
        }
    }
}
