using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The log's side of a verification. Not thread-safe.</summary>
internal interface ILogWalk
{
    /// <summary>The number of leaves that were compared.</summary>
    long Count { get; }

    /// <summary>Up to where the log has the events: they are settled, whatever the feed says yet.</summary>
    Position SealedTo { get; }

    /// <summary>Takes the next events with the hashes of their leaves.</summary>
    Task AddAsync(
        IReadOnlyList<EventEnvelope> events, IReadOnlyList<Sha256Digest> leaves, CancellationToken cancellationToken);

    /// <summary>Reports what should have come.</summary>
    Task EndAsync(CancellationToken cancellationToken);
}
