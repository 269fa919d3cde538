namespace K1s0.EventStore.Sync;

/// <summary>So many a second, and after a quiet time five seconds' worth at once, one at least.</summary>
internal sealed class TokenBucket(double perSecond)
{
    private readonly double _most = Math.Max(1, 5 * perSecond);
    private double _tokens = Math.Max(1, 5 * perSecond);
    private DateTimeOffset? _filledAt;

    public bool TryTake(DateTimeOffset now)
    {
        var passed = now - (_filledAt ?? now);
        _filledAt = now;
        _tokens = Math.Min(_most, _tokens + (Math.Max(0, passed.TotalSeconds) * perSecond));
        if (_tokens < 1)
        {
            return false;
        }

        _tokens--;
        return true;
    }
}
