namespace K1s0.EventStore;

/// <summary>
/// The backend is configured to confirm appends that a crash of it can lose, and the application did not accept that;
/// or so that reads overlook what was confirmed.
/// </summary>
public sealed class StoreDurabilityException : EventStoreException
{
    /// <summary>A backend that does not keep, or does not show, what it confirms.</summary>
    /// <param name="message">What was found and what to do.</param>
    public StoreDurabilityException(string message)
        : base(message, innerException: null)
    {
    }
}
