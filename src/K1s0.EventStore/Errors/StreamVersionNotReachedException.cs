namespace K1s0.EventStore;

/// <summary>A state was asked for as of a version that the stream does not have (yet).</summary>
public sealed class StreamVersionNotReachedException : EventStoreException
{
    /// <summary>A version that is not there.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="asked">The version that was asked for.</param>
    /// <param name="actual">The version of the stream.</param>
    public StreamVersionNotReachedException(StreamId streamId, StreamVersion asked, StreamVersion actual)
        : base($"Stream {streamId} is at version {actual}; version {asked} was asked for.", innerException: null) =>
        (StreamId, AskedVersion, ActualVersion) = (streamId, asked, actual);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The version that was asked for.</summary>
    public StreamVersion AskedVersion { get; }

    /// <summary>The version of the stream.</summary>
    public StreamVersion ActualVersion { get; }
}
