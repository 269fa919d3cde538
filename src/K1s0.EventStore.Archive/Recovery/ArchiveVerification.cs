namespace K1s0.EventStore.Archive;

/// <summary>What a verification of an archive found. Immutable.</summary>
/// <param name="Store">The store whose events it has; null when no manifest can be read.</param>
/// <param name="Manifest">The number of the last manifest; 0 when none can be read.</param>
/// <param name="Batches">How many batches were read and are whole.</param>
/// <param name="Events">How many events they have.</param>
/// <param name="Streams">How many streams.</param>
/// <param name="Bytes">How many bytes were downloaded for them.</param>
/// <param name="Findings">What is wrong, in the order of the feed; the first 1,000.</param>
/// <param name="FindingCount">How many findings there are in all.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record ArchiveVerification(
    StoreIdentity? Store,
    long Manifest,
    int Batches,
    long Events,
    int Streams,
    long Bytes,
    IReadOnlyList<ArchiveFinding> Findings,
    long FindingCount,
    TimeSpan Elapsed)
{
    /// <summary>The most findings that are kept: 1,000.</summary>
    public const int MaxFindings = 1_000;

    /// <summary>
    /// Of how many events, the first ones, the ids were compared with each other
    /// (<see cref="ArchiveRecoveryOptions.MaxEventIds"/>).
    /// </summary>
    public long ComparedIds { get; init; }

    /// <summary>Whether the archive alone could rebuild the store: nothing is wrong but unlisted objects.</summary>
    public bool IsWhole =>
        Store is not null
        && FindingCount <= MaxFindings
        && Findings.All(finding => finding.Kind is ArchiveFindingKind.Unlisted);
}
