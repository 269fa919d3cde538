namespace K1s0.EventStore;

/// <summary>
/// A store does not take over the events of another one: it has events of its own, takes over those of another store
/// already, or was written to meanwhile. Nothing of the call was written.
/// </summary>
public sealed class ImportRefusedException : EventStoreException
{
    /// <summary>A refused import.</summary>
    /// <param name="reason">Why, as a sentence.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public ImportRefusedException(string reason, Exception? innerException = null)
        : base($"The store does not take these events over: {reason}", innerException)
    {
    }
}
