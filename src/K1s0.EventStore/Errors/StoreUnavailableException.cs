namespace K1s0.EventStore;

/// <summary>
/// The store cannot be reached or refuses to work at the moment. If the call was to write, nothing was written.
/// </summary>
public sealed class StoreUnavailableException : EventStoreException
{
    /// <summary>A store that cannot be reached.</summary>
    /// <param name="message">What was tried and what to do.</param>
    /// <param name="innerException">The driver's exception.</param>
    public StoreUnavailableException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
