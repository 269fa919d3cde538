namespace K1s0.EventStore;

/// <summary>
/// The backend is configured to confirm appends that a crash of it can lose, and the application did not accept that.
/// </summary>
public sealed class StoreDurabilityException : EventStoreException
{
    /// <summary>A backend that does not keep what it confirms.</summary>
    /// <param name="message">What was found and what to do.</param>
    public StoreDurabilityException(string message)
        : base(message, innerException: null)
    {
    }
}
