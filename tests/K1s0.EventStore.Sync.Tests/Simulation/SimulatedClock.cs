namespace K1s0.EventStore.Sync.Simulation;

/// <summary>The wall clock of one machine: it may be wrong, and jump.</summary>
internal sealed class SimulatedClock(Schedule schedule) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    public TimeSpan Error { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Start + schedule.Now + Error;

    public override long GetTimestamp() => schedule.Now.Ticks;
}
