namespace K1s0.EventStore.Sync;

/// <summary>
/// Measures bandwidth by what is confirmed: only between answers between which something was under way all the time, or
/// the pace would be that of the application, or of the round trip.
/// </summary>
internal sealed class LinkSampler(LinkMeter? meter)
{
    // A few bytes say more about the peer's disk than about the link.
    private const long LeastBytes = 16 * 1024;

    private readonly Queue<DateTimeOffset> _sentAt = new();

    // The start of the measurement that is under way, and the last answer.
    private DateTimeOffset? _since;
    private DateTimeOffset? _lastAnswer;
    private long _bytes;
    private bool _wasIdle;

    public void Sent(DateTimeOffset now) => _sentAt.Enqueue(now);

    /// <summary>The oldest frame is confirmed by the answer that is being read.</summary>
    public void Confirmed(int bytes)
    {
        var sentAt = _sentAt.Dequeue();
        _wasIdle |= _lastAnswer is not { } last || sentAt >= last;
        _bytes += bytes;
    }

    /// <summary>The answer is read.</summary>
    public void Measure(DateTimeOffset now)
    {
        if (!_wasIdle && _bytes >= LeastBytes)
        {
            meter?.Confirmed(_bytes, now - _since!.Value, now);
        }

        if (_wasIdle || _bytes >= LeastBytes)
        {
            (_since, _bytes, _wasIdle) = (now, 0, false);
        }

        _lastAnswer = now;
    }
}
