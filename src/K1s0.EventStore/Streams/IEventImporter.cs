namespace K1s0.EventStore;

/// <summary>
/// Takes over the events of another store as they are, with their positions, recorded times and chains: for rebuilding
/// a store that was lost, into an empty one. Nobody else appends meanwhile; one import at a time. Implementations are
/// thread-safe.
/// </summary>
public interface IEventImporter
{
    /// <summary>The most events that are taken over in one call: 10,000.</summary>
    const int MaxEvents = 10_000;

    /// <summary>Begins an import, or goes on with one of the same store that was cut off.</summary>
    /// <param name="source">The store whose events these are.</param>
    /// <param name="last">The position of its last event: nothing is appended before it.</param>
    /// <param name="cancellationToken">Gives up as long as nothing was sent.</param>
    /// <returns>
    /// Up to which position events were taken over before: the start for none, the last one when it is ended.
    /// </returns>
    /// <exception cref="ImportRefusedException">
    /// The store has events of its own, or takes over those of another one.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it began: call it again.</exception>
    Task<Position> BeginImportAsync(
        StoreIdentity source, Position last, CancellationToken cancellationToken = default);

    /// <summary>Takes over some events, all of them or none.</summary>
    /// <param name="events">
    /// 1 to <see cref="MaxEvents"/> events behind those that are there, in the order of positions, each continuing its
    /// stream. The caller has verified their chains.
    /// </param>
    /// <param name="cancellationToken">Gives up as long as nothing was sent.</param>
    /// <exception cref="ImportRefusedException">
    /// They do not continue what is there, no import was begun, or somebody else has written to the store.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// Nobody knows whether they are there: <see cref="BeginImportAsync"/> tells.
    /// </exception>
    Task ImportAsync(IReadOnlyList<EventEnvelope> events, CancellationToken cancellationToken = default);

    /// <summary>
    /// Ends the import: the store has the source's id from now on, in the next epoch, and appends go on behind the last
    /// position. Repeating it is harmless.
    /// </summary>
    /// <param name="cancellationToken">Gives up as long as nothing was sent.</param>
    /// <returns>Which store it is now.</returns>
    /// <exception cref="ImportRefusedException">
    /// Events are missing up to the last position, no import was begun, or somebody else has written to the store.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is ended: call it again.</exception>
    Task<StoreIdentity> EndImportAsync(CancellationToken cancellationToken = default);
}
