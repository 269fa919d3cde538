namespace K1s0.EventStore.Archive;

/// <summary>What the steps of one leader work with, while it leads. Not thread-safe.</summary>
/// <param name="parts">The store, its books, its leases and its bucket.</param>
/// <param name="options">How batches are stored.</param>
/// <param name="timeProvider">The time of manifests.</param>
/// <param name="renew">The lease, renewed when it is time.</param>
internal sealed class LeaderParts(
    ArchiverParts parts, ArchivingOptions options, TimeProvider timeProvider, Func<Task<Lease>> renew)
{
    public IArchiveCatalog Catalog => parts.Catalog;

    public IObjectStore Objects => parts.Objects;

    public IFeedReader Feed => parts.Feed;

    public DateTimeOffset Now => timeProvider.GetUtcNow();

    /// <summary>Puts what the books hold.</summary>
    public HeldManifests Held { get; } = new(parts, renew);

    /// <summary>Makes anew what is gone.</summary>
    public RemadeBatches Remade { get; } = new(parts, options, renew);

    public Task<Lease> RenewAsync() => renew();
}
