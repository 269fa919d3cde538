namespace K1s0.EventStore;

/// <summary>
/// Reads events that have left the database. A store asks its own books where they are, and this for the events.
/// Implementations are thread-safe.
/// </summary>
public interface IArchivedEvents
{
    /// <summary>Reads a stretch of the feed. It may end early: after a certain amount of work, or of events.</summary>
    /// <param name="batches">Where to look, in order of positions; at least one.</param>
    /// <param name="after">Only events behind this position are returned.</param>
    /// <param name="filter">Which events to return; null for all.</param>
    /// <param name="maxCount">The most events to return, 1 or more.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <exception cref="ObjectDamagedException">An object is damaged; nothing damaged is returned.</exception>
    /// <exception cref="EventsArchivedException">It is switched off.</exception>
    /// <exception cref="ArchiveMismatchException">An object is not the batch that it should be.</exception>
    /// <exception cref="RestoreRequiredException">An object has to be restored before it can be read.</exception>
    /// <exception cref="StoreUnavailableException">The archive cannot be read at the moment.</exception>
    Task<ArchivedStretch> ReadAsync(
        IReadOnlyList<ArchivedBatch> batches,
        Position after,
        FeedFilter? filter,
        int maxCount,
        CancellationToken cancellationToken = default);

    /// <summary>Reads the events of a stream that one batch has.</summary>
    /// <param name="batch">Where to look.</param>
    /// <param name="streamId">The stream.</param>
    /// <param name="fromVersion">The first version.</param>
    /// <param name="toVersion">The last version.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>Those of the versions that the batch has, in order.</returns>
    /// <exception cref="ObjectDamagedException">The object is damaged.</exception>
    /// <exception cref="ArchiveMismatchException">The object is not the batch that it should be.</exception>
    /// <exception cref="RestoreRequiredException">The object has to be restored before it can be read.</exception>
    /// <exception cref="StoreUnavailableException">The archive cannot be read at the moment.</exception>
    Task<IReadOnlyList<EventEnvelope>> ReadStreamAsync(
        ArchivedBatch batch,
        StreamId streamId,
        long fromVersion,
        long toVersion,
        CancellationToken cancellationToken = default);
}
