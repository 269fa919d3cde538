namespace K1s0.EventStore.Archive;

/// <summary>
/// Rebuilds a store from the bucket alone into an empty one: the same events at the same positions, with their ids,
/// versions, recorded times, digests and chains. Thread-safe, but one at a time for a store.
/// </summary>
/// <remarks>
/// Every batch is downloaded, decoded and compared with its manifest, and every chain is followed, before its events
/// are written. What is wrong stops the rebuild in front of it; a rebuild that was cut off goes on where it stopped.
/// Afterwards the store is the archived one in its next epoch, so that consumers of the lost one notice. Where there is
/// a ledger, seal the store without publishing first: the log it grows has the roots of the lost one, and publishing
/// goes on from there.
/// </remarks>
/// <param name="objects">The bucket.</param>
/// <param name="importer">The empty store.</param>
/// <param name="options">How much is read at a time; the defaults when null.</param>
/// <param name="timeProvider">What measures how long it took; the system's clock when null.</param>
public sealed class ArchiveRebuild(
    IObjectStore objects,
    IEventImporter importer,
    ArchiveRecoveryOptions? options = null,
    TimeProvider? timeProvider = null)
{
    private const int EventsPerPage = 1_000;

    private readonly ArchiveRecoveryOptions _options = options ?? new ArchiveRecoveryOptions();
    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    /// <summary>Rebuilds, or goes on.</summary>
    /// <param name="cancellationToken">Gives up between two pages; call it again to go on.</param>
    /// <exception cref="ImportRefusedException">The store is not empty, or takes over another archive.</exception>
    /// <exception cref="ObjectDamagedException">A manifest or a batch is damaged or missing; what lies before it is
    /// written.</exception>
    /// <exception cref="ManifestConflictException">A manifest does not continue the one before it.</exception>
    /// <exception cref="RestoreRequiredException">A batch has to be restored first.</exception>
    /// <exception cref="StoreUnavailableException">Bucket or store cannot be reached at the moment.</exception>
    /// <exception cref="WriteOutcomeUnknownException">The last page may be there: call it again.</exception>
    public async Task<ArchiveRebuildReport> RunAsync(CancellationToken cancellationToken = default)
    {
        var started = _timeProvider.GetTimestamp();
        var listing = await new ArchiveManifests(objects).ReadLatestAsync(cancellationToken: cancellationToken)
            .ConfigureAwait(false)
            ?? throw new ObjectDamagedException(ArchiveManifest.KeyOf(1).Value, "there is no archive here.");
        if (listing.Batches is [{ After.Value: > 0 }, ..])
        {
            throw new ObjectDamagedException(
                listing.Batches[0].Key.Value,
                $"the archive begins behind position {listing.Batches[0].After}, so it is not the whole store.");
        }

        var imported = await importer.BeginImportAsync(listing.Store, listing.Last, cancellationToken)
            .ConfigureAwait(false);
        var heads = new StreamHeads(isComplete: true);
        var (batches, events) = (0, 0L);
        var reading = new ListedBatches(objects, _options).ReadAsync(listing.Batches, cancellationToken);
        await foreach (var read in reading.ConfigureAwait(false))
        {
            if (read.Failure is { } failure)
            {
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }

            Follow(read, heads);
            foreach (var page in read.Events.Where(envelope => envelope.Position > imported).Chunk(EventsPerPage))
            {
                await importer.ImportAsync(page, cancellationToken).ConfigureAwait(false);
                events += page.Length;
            }

            _options.Progress?.Report(new RecoveryProgress(++batches, listing.Batches.Count, events));
        }

        var identity = await importer.EndImportAsync(cancellationToken).ConfigureAwait(false);
        return new ArchiveRebuildReport(
            identity,
            listing.EventCount,
            events,
            heads.Count,
            listing.Batches.Sum(batch => batch.StoredBytes),
            _timeProvider.GetElapsedTime(started));
    }

    private static void Follow(ListedBatches.ReadBatch read, StreamHeads heads)
    {
        foreach (var envelope in read.Events)
        {
            if (heads.Add(envelope) is { } broken)
            {
                throw new ObjectDamagedException(
                    read.Batch.Key.Value, $"at position {envelope.Position}, {broken}");
            }
        }
    }
}
