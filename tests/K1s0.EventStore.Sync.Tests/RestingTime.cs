using System.Threading.Channels;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Says for how long somebody rests, once the rest has begun: from then on time may move.</summary>
internal sealed class RestingTime(ManualTime inner) : TimeProvider
{
    private readonly Channel<TimeSpan> _rests = Channel.CreateUnbounded<TimeSpan>();

    /// <summary>By how much the wall clock was set.</summary>
    public TimeSpan SetBy { get; set; }

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + SetBy;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = inner.CreateTimer(callback, state, dueTime, period);
        if (dueTime > TimeSpan.Zero)
        {
            _rests.Writer.TryWrite(dueTime);
        }

        return timer;
    }

    public Task<TimeSpan> NextRestAsync() => _rests.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
}
