namespace K1s0.EventStore;

/// <summary>Where an archive stands.</summary>
/// <param name="Store">The store.</param>
/// <param name="Now">The time by the clock of the database.</param>
/// <param name="Planned">The last position of the last batch that is planned, or further.</param>
/// <param name="Listed">The last position of the last batch that is listed, or further.</param>
/// <param name="Pruned">Up to which position events are read from the archive.</param>
/// <param name="Manifest">The last manifest, planned or listed, without its bytes; null when there is none.</param>
/// <param name="ManifestIsOpen">Whether that one is planned and not known to be put.</param>
/// <param name="MinimumRetention">How long events have to stay in the database after the end of their month.</param>
/// <param name="OldestOpen">
/// Since when the oldest batch that is not listed has been planned; null when there is none.
/// </param>
public sealed record ArchiveStatus(
    StoreIdentity Store,
    DateTimeOffset Now,
    Position Planned,
    Position Listed,
    Position Pruned,
    PlannedManifest? Manifest,
    bool ManifestIsOpen,
    TimeSpan MinimumRetention,
    DateTimeOffset? OldestOpen);
