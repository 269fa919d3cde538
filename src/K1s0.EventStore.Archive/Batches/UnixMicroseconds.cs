namespace K1s0.EventStore.Archive;

/// <summary>Whole microseconds since 1970-01-01 UTC, rounded towards the past.</summary>
internal static class UnixMicroseconds
{
    public static long Of(DateTimeOffset time)
    {
        var (whole, rest) = Math.DivRem(
            time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks, TimeSpan.TicksPerMicrosecond);
        return rest < 0 ? whole - 1 : whole;
    }

    public static DateTimeOffset ToTime(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
}
