namespace K1s0.EventStore;

/// <summary>
/// An algorithm is not to be had on this machine: the library that offers it is missing, or does not offer it.
/// </summary>
public sealed class CryptographyUnavailableException : EventStoreException
{
    /// <summary>An algorithm that is missing.</summary>
    /// <param name="algorithm">The name of the algorithm.</param>
    /// <param name="detail">What is missing and what to install, as a sentence.</param>
    /// <param name="innerException">The cause, if there was one.</param>
    public CryptographyUnavailableException(string algorithm, string detail, Exception? innerException = null)
        : base($"{algorithm} is not available: {detail}", innerException) => Algorithm = algorithm;

    /// <summary>The name of the algorithm.</summary>
    public string Algorithm { get; }
}
