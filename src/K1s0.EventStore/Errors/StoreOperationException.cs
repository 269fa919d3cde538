namespace K1s0.EventStore;

/// <summary>
/// The store's backend reported an error that has no meaning of its own here. If the call was to write, nothing was
/// written.
/// </summary>
public sealed class StoreOperationException : EventStoreException
{
    /// <summary>An error of the backend.</summary>
    /// <param name="message">What was being done.</param>
    /// <param name="innerException">The driver's exception.</param>
    public StoreOperationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>
    /// Whether this process lacks the right, or cannot open what it should: that says nothing of what is stored.
    /// </summary>
    /// <value>false by default, and where a backend does not tell.</value>
    public bool IsAccessDenied { get; init; }
}
