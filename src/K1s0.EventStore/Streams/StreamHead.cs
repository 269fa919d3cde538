using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The end of a stream. A remembered head lets a later verification notice that a tail was cut off.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Version">Its version; 0 when it does not exist.</param>
/// <param name="LastEventId">The id of its last event; empty when it does not exist.</param>
/// <param name="ChainHash">The chain hash of its last event; that of the empty stream when it does not exist.</param>
public sealed record StreamHead(StreamId StreamId, StreamVersion Version, Guid LastEventId, Sha256Digest ChainHash)
{
    /// <summary>The head of a stream that does not exist.</summary>
    /// <param name="streamId">The stream.</param>
    public static StreamHead Empty(StreamId streamId) =>
        new(streamId, StreamVersion.None, Guid.Empty, StreamChain.Genesis(StreamChain.Tag(streamId)));
}
