namespace K1s0.EventStore;

/// <summary>An event that failed in a replay.</summary>
/// <param name="Event">The event.</param>
/// <param name="Handler">
/// The handler that failed; null when the event is corrupted or cannot be read, or the selection's own condition or the
/// target failed.
/// </param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Cause">What the last attempt ended with.</param>
public sealed record ReplayFailure(ReplayedEvent Event, string? Handler, int Attempts, Exception Cause)
{
    /// <summary>
    /// Whether the stored bytes are not those that the stored digest was made of, or no event can be made of them.
    /// </summary>
    public bool IsCorrupted => Handler is null && Cause is EventCorruptedException or EventUnreadableException;
}
