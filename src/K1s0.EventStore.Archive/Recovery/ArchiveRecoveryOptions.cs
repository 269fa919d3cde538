namespace K1s0.EventStore.Archive;

/// <summary>How much of an archive is read at a time. Immutable.</summary>
/// <param name="batchesAhead">
/// How many batches are downloaded and decoded ahead: 1 to 16, 2 by default. Each takes its lines in memory, 160 MiB at
/// most, and about as much again.
/// </param>
/// <param name="reader">
/// Limits and codecs; null for whatever frames an archiver can make, up to 160 MiB: only objects are decoded whose
/// digests are listed.
/// </param>
/// <param name="progress">Told after every batch; nobody when null.</param>
/// <param name="maxEventIds">
/// Of how many events a verification remembers the ids, to find one that comes twice: 0 to 1,000,000,000, 10,000,000 by
/// default, which take half a gigabyte at most.
/// </param>
public sealed class ArchiveRecoveryOptions(
    int batchesAhead = 2,
    EventBatchReaderOptions? reader = null,
    IProgress<RecoveryProgress>? progress = null,
    int maxEventIds = 10_000_000)
{
    private const int MaxBatchesAhead = 16;
    private const int MostEventIds = 1_000_000_000;

    /// <summary>How many batches are downloaded and decoded ahead.</summary>
    public int BatchesAhead { get; } = batchesAhead is >= 1 and <= MaxBatchesAhead
        ? batchesAhead
        : throw new ArgumentOutOfRangeException(nameof(batchesAhead), batchesAhead, "1 to 16.");

    /// <summary>Limits and codecs.</summary>
    public EventBatchReaderOptions Reader { get; } = reader ?? BatchProof.Reading;

    /// <summary>Of how many events a verification remembers the ids.</summary>
    public int MaxEventIds { get; } = maxEventIds is >= 0 and <= MostEventIds
        ? maxEventIds
        : throw new ArgumentOutOfRangeException(nameof(maxEventIds), maxEventIds, "0 to 1,000,000,000.");

    /// <summary>Told after every batch.</summary>
    public IProgress<RecoveryProgress>? Progress { get; } = progress;
}
