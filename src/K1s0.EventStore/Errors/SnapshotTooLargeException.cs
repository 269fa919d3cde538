namespace K1s0.EventStore;

/// <summary>A state is larger than a snapshot may be. Nothing was kept; the events are not touched.</summary>
public sealed class SnapshotTooLargeException : EventStoreException
{
    /// <summary>A state that is too large.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="bytes">The length of its JSON, in bytes.</param>
    /// <param name="maxBytes">The limit, in bytes.</param>
    public SnapshotTooLargeException(StreamId streamId, int bytes, int maxBytes)
        : base($"The state of {streamId} has {bytes} bytes; a snapshot has {maxBytes} at most.", innerException: null)
        => (StreamId, Bytes, MaxBytes) = (streamId, bytes, maxBytes);

    /// <summary>The stream.</summary>
    public StreamId StreamId { get; }

    /// <summary>The length of its JSON, in bytes.</summary>
    public int Bytes { get; }

    /// <summary>The limit, in bytes.</summary>
    public int MaxBytes { get; }
}
