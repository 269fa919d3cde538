namespace K1s0.EventStore;

/// <summary>What becomes of a replay when an event failed at every attempt.</summary>
public enum ReplayFailureAction
{
    /// <summary>
    /// It ends before the event, with <see cref="ReplayFailedException"/>: what came before stays, and the report names
    /// the place behind which to go on.
    /// </summary>
    Stop,

    /// <summary>
    /// It ends with <see cref="ReplayFailedException"/>, and the target is as it was before the replay.
    /// </summary>
    RollBack,

    /// <summary>The event is passed over, and stands in the report.</summary>
    Skip,
}
