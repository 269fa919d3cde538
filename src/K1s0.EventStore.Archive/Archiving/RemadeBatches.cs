using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Makes the objects of verified batches anew, of the events that the database still has: under keys of their own, read
/// back, and compared with what was verified. The objects that were there before are not touched. Not thread-safe.
/// </summary>
internal sealed class RemadeBatches(ArchiverParts parts, ArchivingOptions options, Func<Task<Lease>> renew)
{
    private readonly BatchMaker _maker = new(parts.Feed);
    private int _made;

    /// <summary>Makes a batch anew for what is wrong with the object that was there. Nothing is listed.</summary>
    /// <exception cref="ArchiveRefusedException">The database does not have these events any more.</exception>
    /// <exception cref="ArchiveMismatchException">No object can be stored that is read back as the batch.</exception>
    public async Task<(BatchObject Stored, BatchProof Proof)> MakeAsync(
        StoreIdentity store, BatchEntry batch, string fault, CancellationToken cancellationToken)
    {
        var made = await _maker.MakeAsync(store, batch.Plan, cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; attempt <= options.MaxAttempts; attempt++)
        {
            // No other leader and no other attempt has this key: an object that was left there is not used.
            var lease = await renew().ConfigureAwait(false);
            var key = made.Key(string.Create(CultureInfo.InvariantCulture, $"r{lease.Epoch}n{_made}t{attempt}"));
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

            _made++;
            return (stored, proof);
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
            catch (WriteOutcomeUnknownException) when (attempt < HeldManifests.PutAttempts)
            {
                // Repeating it settles it.
            }
        }
    }
}
