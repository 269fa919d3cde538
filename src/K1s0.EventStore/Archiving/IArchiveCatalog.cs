using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// The books of an archive, in the store's database: which batches there are and how far each has come. They lead; the
/// manifests in the bucket follow. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// <para>Everything that changes a batch is done under a lease: what a leader does that has lost it is refused with
/// <see cref="LeaseLostException"/> where it is written. A refused step writes nothing. After a
/// <see cref="WriteOutcomeUnknownException"/> read how far the batch is, and go on from there.</para>
/// <para>At every instant each event has one home: up to <see cref="ArchiveStatus.Pruned"/> it is the archive, behind
/// it the database. The bound moves in the transaction in which a month leaves the database.</para>
/// </remarks>
public interface IArchiveCatalog
{
    /// <summary>The name of the lease that archivers hold: one leader at a time.</summary>
    const string LeaseName = "archive";

    /// <summary>Where the archive stands, without the bytes of manifests.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<ArchiveStatus> GetStatusAsync(CancellationToken cancellationToken = default);

    /// <summary>The months that the database holds, the earliest first.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<IReadOnlyList<ArchivableMonth>> ListMonthsAsync(CancellationToken cancellationToken = default);

    /// <summary>The same, without looking at the events of months that end later.</summary>
    /// <param name="countedBy">A month that ends behind this time is listed as if it had no events.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<IReadOnlyList<ArchivableMonth>> ListMonthsAsync(
        DateTimeOffset countedBy, CancellationToken cancellationToken = default);

    /// <summary>Batches in order of positions.</summary>
    /// <param name="after">Only batches whose last position is behind this one.</param>
    /// <param name="maxCount">The most batches: 1 to 10,000.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<IReadOnlyList<BatchEntry>> ListBatchesAsync(
        Position after, int maxCount = 1_000, CancellationToken cancellationToken = default);

    /// <summary>What would refuse that a month leaves the database now; the leader is not asked for.</summary>
    /// <param name="month">The first moment of a month, in UTC.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The refusals, those that concern batches aside; empty when nothing is in the way.</returns>
    Task<IReadOnlyList<ArchiveRefusedException>> FindObstaclesAsync(
        DateTimeOffset month, CancellationToken cancellationToken = default);

    /// <summary>Decides which events the next batch has. The database counts them.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="plan">The batch: it begins where the last one ends, and its events are settled.</param>
    /// <param name="cancellationToken">Gives up; the plan is made or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// It does not continue the last batch, or the database does not have these events.
    /// </exception>
    Task PlanAsync(Lease lease, BatchPlan plan, CancellationToken cancellationToken = default);

    /// <summary>Begins an attempt to store a batch.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="last">The last position of the batch, which is not verified yet.</param>
    /// <param name="cancellationToken">Gives up; a number may be lost.</param>
    /// <returns>The number of the attempt, which nobody else has or gets.</returns>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">There is no such batch to store.</exception>
    Task<int> BeginUploadAsync(Lease lease, Position last, CancellationToken cancellationToken = default);

    /// <summary>The object of an attempt is stored.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="last">The last position of the batch.</param>
    /// <param name="attempt">The attempt, the last one that was begun.</param>
    /// <param name="stored">The object.</param>
    /// <param name="cancellationToken">Gives up; it is noted or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">Another attempt is the last one.</exception>
    Task FinishUploadAsync(
        Lease lease, Position last, int attempt, BatchObject stored, CancellationToken cancellationToken = default);

    /// <summary>The attempt came to nothing: the batch is planned again. Its object belongs to nobody.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="last">The last position of the batch.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="reason">Why, for people to read; cut at 500 characters.</param>
    /// <param name="cancellationToken">Gives up; it is noted or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">Another attempt is the last one, or it is verified.</exception>
    Task FailUploadAsync(
        Lease lease, Position last, int attempt, string reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// The object was read back and decoded. The database computes the same digests of its own events, and notes which
    /// streams the batch has.
    /// </summary>
    /// <param name="lease">The lease.</param>
    /// <param name="last">The last position of the batch.</param>
    /// <param name="attempt">The attempt whose object was read.</param>
    /// <param name="eventsDigest">The digest of all events of the object.</param>
    /// <param name="months">The digests of its events by month.</param>
    /// <param name="cancellationToken">Gives up; it is verified or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// The database has other events, or another attempt is the last one.
    /// </exception>
    Task VerifyAsync(
        Lease lease,
        Position last,
        int attempt,
        Sha256Digest eventsDigest,
        IReadOnlyList<MonthDigest> months,
        CancellationToken cancellationToken = default);

    /// <summary>Holds the next manifest from before it is put.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="manifest">
    /// The manifest behind the last one, which is listed. Where the books have none yet, any one: a rebuilt store takes
    /// up the last manifest of its bucket. It lists up to the last position of a batch, or to where the last one did.
    /// </param>
    /// <param name="previous">The digest of the last one; none for the first.</param>
    /// <param name="cancellationToken">Gives up; it is held or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// It does not continue the last one, or batches are not verified.
    /// </exception>
    Task PlanManifestAsync(
        Lease lease, PlannedManifest manifest, Sha256Digest previous, CancellationToken cancellationToken = default);

    /// <summary>The manifest that is planned and not known to be put, with its bytes.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The manifest; null when there is none.</returns>
    Task<PlannedManifest?> FindOpenManifestAsync(CancellationToken cancellationToken = default);

    /// <summary>The manifest is put: its batches are listed.</summary>
    /// <param name="lease">The lease.</param>
    /// <param name="number">The number of the manifest.</param>
    /// <param name="cancellationToken">Gives up; it is noted or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">There is no such manifest.</exception>
    Task ListManifestAsync(Lease lease, long number, CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives up a manifest that is planned: the bucket has another one of its number, so it can never be put.
    /// </summary>
    /// <param name="lease">The lease.</param>
    /// <param name="number">The number of the manifest.</param>
    /// <param name="cancellationToken">Gives up; it is given up or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">No such manifest is planned.</exception>
    Task AbandonManifestAsync(Lease lease, long number, CancellationToken cancellationToken = default);

    /// <summary>
    /// Holds a manifest that lists a batch in the place of others. When the manifest is listed, the batch takes their
    /// place in the books, in the same transaction; until then events are read from those that it replaces.
    /// </summary>
    /// <param name="lease">The lease.</param>
    /// <param name="manifest">The manifest behind the last one, listing up to the same position as that one.</param>
    /// <param name="previous">The digest of the last one.</param>
    /// <param name="replacement">The batch, read back and compared with those that it replaces.</param>
    /// <param name="cancellationToken">Gives up; it is held or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// The manifest does not continue the last one; or the batches are not listed, lie on both sides of
    /// <see cref="ArchiveStatus.Pruned"/>, or have other events.
    /// </exception>
    Task PlanReplacementAsync(
        Lease lease,
        PlannedManifest manifest,
        Sha256Digest previous,
        BatchReplacement replacement,
        CancellationToken cancellationToken = default);

    /// <summary>When a manifest was listed, and so since when nobody is sent to what it took away.</summary>
    /// <param name="number">The number of the manifest.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The time by the clock of the database; null when it is not listed or not known here.</returns>
    Task<DateTimeOffset?> FindListedAtAsync(long number, CancellationToken cancellationToken = default);

    /// <summary>
    /// Decides that a month may leave the database, and closes it: nothing is recorded in it any more.
    /// </summary>
    /// <param name="lease">The lease.</param>
    /// <param name="month">The first moment of a month that is over, in UTC.</param>
    /// <param name="cancellationToken">Gives up; it is decided or not.</param>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">Something is in the way.</exception>
    Task AllowPruneAsync(Lease lease, DateTimeOffset month, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lets a month leave the database: in one transaction proves that its events are exactly those that were verified,
    /// that nothing is in the way, moves the bound, and drops it.
    /// </summary>
    /// <param name="lease">The lease.</param>
    /// <param name="month">The first moment of a month that may leave, in UTC.</param>
    /// <param name="cancellationToken">Gives up; it is gone or not.</param>
    /// <returns>Up to which position events are read from the archive now.</returns>
    /// <exception cref="LeaseLostException">The lease does not count any more.</exception>
    /// <exception cref="ArchiveRefusedException">Something is in the way; nothing left.</exception>
    Task<Position> PruneAsync(Lease lease, DateTimeOffset month, CancellationToken cancellationToken = default);

    /// <summary>Places a hold; placing the same one again is harmless.</summary>
    /// <param name="hold">The hold.</param>
    /// <param name="cancellationToken">Gives up; it is placed or not.</param>
    /// <exception cref="ArgumentException">A member is missing or out of its range.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// Its id is that of another hold, or of one that was released.
    /// </exception>
    Task PlaceHoldAsync(ArchiveHold hold, CancellationToken cancellationToken = default);

    /// <summary>Releases a hold. It stays in the books.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="releasedBy">Who releases it: 1 to 255 bytes, no control characters.</param>
    /// <param name="cancellationToken">Gives up; it is released or not.</param>
    /// <returns>False when there is no such hold, or it was released before.</returns>
    Task<bool> ReleaseHoldAsync(Guid id, string releasedBy, CancellationToken cancellationToken = default);

    /// <summary>The holds that count.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<IReadOnlyList<ArchiveHold>> ListHoldsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets how long events have to stay in the database after the end of their month, for all archivers.
    /// </summary>
    /// <param name="retention">0 to 100 years.</param>
    /// <param name="cancellationToken">Gives up; it is set or not.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of its range.</exception>
    Task SetMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken = default);

    /// <summary>The same, unless events have to stay for longer already: what others set is never lowered.</summary>
    /// <param name="retention">0 to 100 years.</param>
    /// <param name="cancellationToken">Gives up; it is raised or not.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of its range.</exception>
    Task RaiseMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken = default);
}
