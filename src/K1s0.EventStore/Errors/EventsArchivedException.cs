namespace K1s0.EventStore;

/// <summary>
/// Events that were asked for have left the database for the archive, and this store was not given the archive to read
/// from, or was told not to. Nothing was skipped.
/// </summary>
public sealed class EventsArchivedException : EventStoreException
{
    /// <summary>Events that are archived.</summary>
    /// <param name="through">Up to which position events are in the archive.</param>
    public EventsArchivedException(Position through)
        : base(
            $"Events up to position {through} have left the database for the archive. Give the store its archive to "
            + "read from (AddArchiving, or the constructor that takes it), and do not switch reading through off.",
            innerException: null) => Through = through;

    /// <summary>Up to which position events are in the archive.</summary>
    public Position Through { get; }
}
