using K1s0.EventStore.Compression;

namespace K1s0.EventStore;

/// <summary>Compressed bytes cannot be decompressed. Nothing of them was used.</summary>
public sealed class DecompressionException : EventStoreException
{
    /// <summary>Something that cannot be decompressed.</summary>
    /// <param name="fault">What is wrong.</param>
    /// <param name="detail">What is wrong, as a sentence.</param>
    /// <param name="innerException">The codec's exception, if there was one.</param>
    public DecompressionException(DecompressionFault fault, string detail, Exception? innerException = null)
        : base($"This cannot be decompressed: {detail}", innerException) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public DecompressionFault Fault { get; }
}
