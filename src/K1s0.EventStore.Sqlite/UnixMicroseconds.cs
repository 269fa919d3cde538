namespace K1s0.EventStore.Sqlite;

/// <summary>Whole microseconds since 1970-01-01 UTC: how times stand in the file.</summary>
internal static class UnixMicroseconds
{
    // By ticks: AddMicroseconds takes a double, which is too coarse some centuries away.
    public static DateTimeOffset ToTime(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    /// <summary>The last whole microsecond at or before a time.</summary>
    public static long Floor(DateTimeOffset time)
    {
        var (whole, rest) = Math.DivRem(Ticks(time), TimeSpan.TicksPerMicrosecond);
        return rest < 0 ? whole - 1 : whole;
    }

    /// <summary>The first whole microsecond at or after a time: what stored times are compared with.</summary>
    public static long Ceiling(DateTimeOffset time)
    {
        var (whole, rest) = Math.DivRem(Ticks(time), TimeSpan.TicksPerMicrosecond);
        return rest > 0 ? whole + 1 : whole;
    }

    private static long Ticks(DateTimeOffset time) => time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks;
}
