namespace K1s0.EventStore.Sync;

/// <summary>
/// The smallest or the largest of the measurements that are not too old; the last one stays, however old it is.
/// </summary>
internal sealed class RecentExtreme(TimeSpan age, bool isLargest)
{
    private const int MaxSamples = 64;

    private readonly Queue<(DateTimeOffset At, double Value)> _samples = new();

    public double? Value { get; private set; }

    public double Add(double value, DateTimeOffset now)
    {
        _samples.Enqueue((now, value));
        while (_samples.Count > 1 && (_samples.Count > MaxSamples || now - _samples.Peek().At > age))
        {
            _samples.Dequeue();
        }

        var extreme = value;
        foreach (var (_, known) in _samples)
        {
            extreme = isLargest ? Math.Max(extreme, known) : Math.Min(extreme, known);
        }

        Value = extreme;
        return extreme;
    }
}
