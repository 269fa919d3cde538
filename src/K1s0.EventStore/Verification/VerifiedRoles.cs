namespace K1s0.EventStore;

/// <summary>The roles of a store that a verification reads. Immutable.</summary>
/// <param name="Feed">All events by position.</param>
/// <param name="Streams">The events of one stream.</param>
/// <param name="Ranges">Single events of a stream.</param>
/// <param name="Catalog">The store's books; null when it has none: then they are not compared.</param>
/// <param name="Ledger">The store's log; null when it has none: then only chains are verified.</param>
public sealed record VerifiedRoles(
    IFeedReader Feed,
    IStreamReader Streams,
    IEventStore Ranges,
    IStreamCatalog? Catalog = null,
    ILedgerStore? Ledger = null)
{
    /// <summary>The roles of a store that has them all.</summary>
    /// <typeparam name="TStore">The store.</typeparam>
    /// <param name="store">The store.</param>
    /// <param name="ledger">Its log; null without one.</param>
    public static VerifiedRoles Of<TStore>(TStore store, ILedgerStore? ledger = null)
        where TStore : IFeedReader, IStreamReader, IEventStore =>
        new(store, store, store, store as IStreamCatalog, ledger);
}
