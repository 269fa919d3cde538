namespace K1s0.EventStore.Sync;

/// <summary>What a clock makes of a time that came from elsewhere.</summary>
public enum ClockReading
{
    /// <summary>It is believed: every later time of this clock comes after it.</summary>
    Accepted,

    /// <summary>It is further in the future than clocks may drift; the clock did not move.</summary>
    TooFarAhead,
}
