namespace K1s0.EventStore.Archive;

/// <summary>What an archiver works with. All of it belongs to the application.</summary>
/// <param name="Feed">The store whose events are archived.</param>
/// <param name="Catalog">Its books.</param>
/// <param name="Leases">Its leases.</param>
/// <param name="Objects">Where batches and manifests go.</param>
public sealed record ArchiverParts(
    IFeedReader Feed, IArchiveCatalog Catalog, ILeaseStore Leases, IObjectStore Objects);
