namespace K1s0.EventStore;

/// <summary>
/// An event on its way through a lane, or (without a time) a stretch of the feed in which there is nothing to do.
/// Guarded by the lock of its <see cref="LowWater"/>.
/// </summary>
internal sealed class WorkInFlight(LowWaterMark end, DateTimeOffset? recordedAt, bool isFinished)
{
    public LowWaterMark End { get; set; } = end;

    public DateTimeOffset? RecordedAt { get; } = recordedAt;

    public bool IsFinished { get; set; } = isFinished;

    public bool IsHeld { get; set; }
}
