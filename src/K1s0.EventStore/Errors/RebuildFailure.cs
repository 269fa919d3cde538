namespace K1s0.EventStore;

/// <summary>Why a projection could not be rebuilt.</summary>
public enum RebuildFailure
{
    /// <summary>Another process has begun to rebuild the projection, or has finished. Leave it to that one.</summary>
    TakenOver,

    /// <summary>
    /// The projection that is in use stands behind what was rebuilt and did not come up, or its tables were held locked,
    /// in the time given. Call again: the rebuild goes on where it stands.
    /// </summary>
    NotInTime,

    /// <summary>
    /// Events of the projection are parked, which the new tables already hold: replay or remove them, then call again.
    /// </summary>
    EventsParked,

    /// <summary>
    /// The events that were applied are not as many as the feed holds. Nothing was swapped; start over, and report it.
    /// </summary>
    CountsDiffer,

    /// <summary>
    /// The old tables cannot be dropped, because something that the projection does not make depends on them.
    /// </summary>
    TablesInUse,
}
