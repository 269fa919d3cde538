using System.Globalization;
using K1s0.EventStore.Archive.Telemetry;
using K1s0.EventStore.Integrity;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Makes batches anew whose objects were damaged while the database still has their events, as a part of a run. The new
/// object is put under a key of its own, read back and compared with what was verified before, and then listed in the
/// place of the damaged one, which is not touched. Not thread-safe.
/// </summary>
internal sealed class BatchRepair(
    ArchiverParts parts,
    Listings listings,
    StoreIdentity store,
    ArchivingOptions options,
    Func<Task<Lease>> renew,
    ILogger logger)
{
    private readonly BatchMaker _maker = new(parts.Feed);

    /// <summary>How many batches were replaced.</summary>
    public int Count { get; private set; }

    /// <summary>Replaces a batch.</summary>
    /// <returns>The key of the new object, which was read back.</returns>
    /// <exception cref="ArchiveRefusedException">The database does not have these events any more.</exception>
    /// <exception cref="ArchiveMismatchException">No object can be stored that is read back as the batch.</exception>
    public async Task<string> ReplaceAsync(BatchEntry batch, string fault, CancellationToken cancellationToken)
    {
        var made = await _maker.MakeAsync(store, batch.Plan, cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; attempt <= options.MaxAttempts; attempt++)
        {
            // No other leader and no other attempt has this key: an object that was left there is not used.
            var lease = await renew().ConfigureAwait(false);
            var key = made.Key(string.Create(CultureInfo.InvariantCulture, $"r{lease.Epoch}n{Count}t{attempt}"));
            if (await PutAsync(key, made, cancellationToken).ConfigureAwait(false) is PutOutcome.Taken)
            {
                continue;
            }

            var stored = new BatchObject(
                key.Value, made.Content.Length, Sha256Digest.Of(made.Content.Span), made.Index.Digest);
            var (proof, _) = await BatchProof.ReadAsync(
                parts.Objects, batch with { Stored = stored }, store, cancellationToken).ConfigureAwait(false);
            if (proof is null)
            {
                continue;
            }

            if (proof.EventsDigest != batch.EventsDigest)
            {
                throw new ArchiveRefusedException(
                    ArchiveRefusal.Changed,
                    $"The database has other events up to {batch.Plan.Last} than were verified.");
            }

            await listings.ReplaceAsync(
                renew,
                new BatchReplacement(batch.Plan, stored, proof.EventsDigest, proof.Months, [batch.Stored!.Key]),
                cancellationToken).ConfigureAwait(false);
            Count++;
            logger.BatchReplaced(batch.Stored.Key, fault, key.Value);
            return key.Value;
        }

        throw new ArchiveMismatchException(batch.Stored!.Key, fault);
    }

    private async Task<PutOutcome> PutAsync(ObjectKey key, EventBatch made, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await parts.Objects
                    .PutIfAbsentAsync(key, made.Content, made.Attributes(options.StorageClass), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (WriteOutcomeUnknownException) when (attempt < Listings.PutAttempts)
            {
                // Repeating it settles it.
            }
        }
    }
}
