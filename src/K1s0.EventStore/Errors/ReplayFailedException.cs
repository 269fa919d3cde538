namespace K1s0.EventStore;

/// <summary>
/// A replay did not go through its whole selection. The report says how far it came, and why no further.
/// </summary>
public sealed class ReplayFailedException : EventStoreException
{
    /// <summary>A replay that failed.</summary>
    /// <param name="report">What it came to.</param>
    /// <param name="innerException">What it ended with.</param>
    public ReplayFailedException(ReplayReport report, Exception innerException)
        : base(Describe(report, innerException), innerException) => Report = report;

    /// <summary>What the replay came to.</summary>
    public ReplayReport Report { get; }

    private static string Describe(ReplayReport report, Exception cause)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(cause);
        var target = report.Outcome switch
        {
            ReplayOutcome.RolledBack => "the target is as it was",
            ReplayOutcome.Unknown => "what the target holds is not known",
            _ => report.Reached is { } place ? $"go on behind {place}" : "nothing was done yet",
        };
        var at = report.Failures is [.., { Event: { } last } failure] && ReferenceEquals(failure.Cause, cause)
            ? last.StreamId is null
                ? $" at {last.Place}"
                : $" at {last.StreamId}@{last.Version} {last.EventType} ({last.Place})"
            : string.Empty;
        return $"The replay failed{at}: {cause.Message} After {report.HandledEvents} events; {target}.";
    }
}
