namespace K1s0.EventStore;

/// <summary>How far a replay is.</summary>
/// <param name="Reached">The last event that everything is finished up to; null at the beginning.</param>
/// <param name="Handled">Events that were handled.</param>
/// <param name="Failed">Events that failed and were passed over.</param>
/// <param name="Elapsed">The time since the start.</param>
/// <param name="EventsPerSecond">Handled events a second since the start.</param>
/// <param name="Fraction">
/// An estimate of how much is done, 0 to 1: by the positions passed, or by the events when a limit is nearer.
/// </param>
/// <param name="Remaining">An estimate of the time that is left; null as long as nothing can be said.</param>
public sealed record ReplayProgress(
    ReplayPlace? Reached,
    long Handled,
    long Failed,
    TimeSpan Elapsed,
    double EventsPerSecond,
    double Fraction,
    TimeSpan? Remaining);
