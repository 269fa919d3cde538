namespace K1s0.EventStore;

/// <summary>
/// The stream has the expected version but another history than this process saw: the database was restored, or failed
/// over, and lost events. Nothing was written. Load the stream again before deciding anything.
/// </summary>
public sealed class StreamDivergedException : EventStoreException
{
    /// <summary>A stream with another history.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="version">The version at which the histories differ.</param>
    public StreamDivergedException(StreamId streamId, StreamVersion version)
        : base(
            $"Stream {streamId} at version {version} has another history than this process has seen: events were "
            + "lost and replaced, for example by a restore or a failover. Load it again before deciding anything.",
            innerException: null) =>
        (StreamId, Version) = (streamId, version);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The version at which the histories differ.</summary>
    public StreamVersion Version { get; }
}
