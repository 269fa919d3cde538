using K1s0.EventStore.Compression;

namespace K1s0.EventStore;

/// <summary>A codec is not to be had on this machine: the library that offers it is missing or too old.</summary>
public sealed class CompressionUnavailableException : EventStoreException
{
    /// <summary>A codec that is missing.</summary>
    /// <param name="format">The format that it would compress to.</param>
    /// <param name="detail">What is missing and what to install, as a sentence.</param>
    /// <param name="innerException">The cause, if there was one.</param>
    public CompressionUnavailableException(CompressionFormat format, string detail, Exception? innerException = null)
        : base($"{format} is not available: {detail}", innerException) => (Format, Detail) = (format, detail);

    /// <summary>The format that cannot be compressed to or from.</summary>
    public CompressionFormat Format { get; }

    /// <summary>What is missing and what to install.</summary>
    public string Detail { get; }
}
