namespace K1s0.EventStore.Sync;

/// <summary>Where the logs of a replica begin that are not here from their first event on.</summary>
internal static class LogBeginnings
{
    /// <summary>The ends behind which they begin, by origin.</summary>
    public static List<OriginHead> Of(Replica replica)
    {
        var beginnings = new List<OriginHead>();
        foreach (var dot in replica.Clock.Entries)
        {
            if (replica.HeadOf(dot.Origin).BeginsBehind is { } beginning)
            {
                beginnings.Add(beginning);
            }
        }

        return beginnings;
    }

    /// <summary>Up to where a log is not here; 0 for one that is here from its first event on.</summary>
    public static long UpTo(OriginHead head) => head.BeginsBehind?.Last.Sequence ?? 0;
}
