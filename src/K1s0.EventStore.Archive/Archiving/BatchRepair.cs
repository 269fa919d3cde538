using K1s0.EventStore.Archive.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Makes batches anew whose objects were damaged while the database still has their events, and lists them in the place
/// of the damaged ones, as a part of a run. Not thread-safe.
/// </summary>
internal sealed class BatchRepair(RemadeBatches remade, Listings listings, StoreIdentity store, ILogger logger)
{
    /// <summary>How many batches were replaced.</summary>
    public int Count { get; private set; }

    /// <summary>Replaces a batch.</summary>
    /// <returns>The key of the new object, which was read back.</returns>
    /// <exception cref="ArchiveRefusedException">The database does not have these events any more.</exception>
    /// <exception cref="ArchiveMismatchException">No object can be stored that is read back as the batch.</exception>
    public async Task<string> ReplaceAsync(BatchEntry batch, string fault, CancellationToken cancellationToken)
    {
        var (stored, proof) = await remade.MakeAsync(store, batch, fault, cancellationToken).ConfigureAwait(false);
        await listings.ReplaceAsync(
            new BatchReplacement(batch.Plan, stored, proof.EventsDigest, proof.Months, [batch.Stored!.Key]),
            cancellationToken).ConfigureAwait(false);
        Count++;
        logger.BatchReplaced(batch.Stored.Key, fault, stored.Key);
        return stored.Key;
    }
}
