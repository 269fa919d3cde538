namespace K1s0.EventStore;

/// <summary>The stream is at another version than the writer expected. Nothing was written.</summary>
public sealed class ConcurrencyException : EventStoreException
{
    /// <summary>A conflict without a stream's name.</summary>
    /// <param name="expectedVersion">The version that was expected.</param>
    /// <param name="actualVersion">The version that the stream has.</param>
    public ConcurrencyException(long expectedVersion, long actualVersion)
        : base($"Concurrency conflict: expected {expectedVersion}, got {actualVersion}", innerException: null) =>
        (ExpectedVersion, ActualVersion) = (expectedVersion, actualVersion);

    /// <summary>A conflict on a stream.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="expected">What was expected.</param>
    /// <param name="actual">The version that the stream has.</param>
    public ConcurrencyException(StreamId streamId, ExpectedVersion expected, StreamVersion actual)
        : base($"Concurrency conflict: expected {expected}, got {actual} (stream {streamId})", innerException: null)
    {
        StreamId = streamId;
        ExpectedVersion = expected.ExactVersion?.Value ?? (expected.MustExist ? 1 : 0);
        ActualVersion = actual.Value;
    }

    /// <summary>The stream, when it is known.</summary>
    public StreamId? StreamId { get; }

    /// <summary>
    /// The version that was expected; for <see cref="EventStore.ExpectedVersion.StreamExists"/> the least one, 1.
    /// </summary>
    public long ExpectedVersion { get; }

    /// <summary>The version that the stream had when the append was refused; 0 when it did not exist.</summary>
    public long ActualVersion { get; }
}
