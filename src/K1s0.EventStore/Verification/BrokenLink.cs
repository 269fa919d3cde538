namespace K1s0.EventStore;

/// <summary>
/// What an event whose link does not follow says of itself: from this, how it came there is found out.
/// </summary>
internal readonly record struct BrokenLink(Guid EventId, Guid PreviousEventId);
