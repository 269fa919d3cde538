namespace K1s0.EventStore;

/// <summary>The tables of the store are missing, older or newer than this version of the library works with.</summary>
public sealed class StoreSchemaException : EventStoreException
{
    /// <summary>A schema that does not fit.</summary>
    /// <param name="message">What was found and what to do.</param>
    /// <param name="found">The version that was found; 0 when there is none.</param>
    /// <param name="supported">The version that this library works with.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public StoreSchemaException(string message, int found, int supported, Exception? innerException = null)
        : base(message, innerException) =>
        (FoundVersion, SupportedVersion) = (found, supported);

    /// <summary>The version that was found; 0 when there is none.</summary>
    public int FoundVersion { get; }

    /// <summary>The version that this library works with.</summary>
    public int SupportedVersion { get; }
}
