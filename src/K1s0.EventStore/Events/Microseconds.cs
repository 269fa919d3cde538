namespace K1s0.EventStore;

/// <summary>
/// Whole microseconds since 1970-01-01 UTC: the finest time that every store keeps, and the form that is hashed.
/// </summary>
internal static class Microseconds
{
    public static DateTimeOffset Truncate(DateTimeOffset time) =>
        time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));

    public static long SinceUnixEpoch(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;

        // Rounds towards the past, so that times before 1970 are cut like all others.
        return Math.DivRem(ticks, TimeSpan.TicksPerMicrosecond) is var (whole, rest) && rest < 0 ? whole - 1 : whole;
    }
}
