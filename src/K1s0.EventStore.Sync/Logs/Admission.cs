namespace K1s0.EventStore.Sync;

/// <summary>What became of an event that came from elsewhere.</summary>
public enum Admission
{
    /// <summary>It is part of the history now, with all that had waited for it.</summary>
    Delivered,

    /// <summary>It was there already; nothing changed.</summary>
    Duplicate,

    /// <summary>It waits for events that it builds on.</summary>
    Waiting,

    /// <summary>It would have to wait and there is no room for it; nothing changed, ask for it again later.</summary>
    NoRoomToWait,

    /// <summary>
    /// Its log has two versions: it does not follow the event that is there, or another stands in its place.
    /// Nothing changed.
    /// </summary>
    Forked,

    /// <summary>Its time is too far in the future; nothing changed, ask for it again later.</summary>
    ClockTooFarAhead,

    /// <summary>Its time does not come after that of the event before it; no honest replica writes that.</summary>
    ClockRunsBackwards,

    /// <summary>One more origin would be more than <see cref="ReplicaOptions.MaxOrigins"/>; nothing changed.</summary>
    TooManyOrigins,

    /// <summary>
    /// The peer that brought it has no right to: see <see cref="PeerRights.CanWrite"/>. Nothing changed.
    /// </summary>
    NotPermitted,

    /// <summary>
    /// The store does not take it, for example because it is too large for it, or it builds on one of which that is so.
    /// Nothing changed; others of its log wait, and it is asked for again.
    /// </summary>
    RefusedByStore,
}
