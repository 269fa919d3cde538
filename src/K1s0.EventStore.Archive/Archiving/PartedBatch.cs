using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Makes a batch of its own of a part of another one. Not thread-safe.</summary>
internal sealed class PartedBatch(IObjectStore objects, Func<Task<Lease>> renew)
{
    private const int MaxAttempts = 20;

    private static readonly EventBatchLimits NoLimits = new(10_000_000, 80 * 1024 * 1024);

    /// <summary>The events behind a position up to another one. The object is put, and read back.</summary>
    /// <exception cref="ObjectDamagedException">The batch is damaged, or has no such events.</exception>
    public async Task<ManifestBatch> MakeAsync(
        ManifestBatch batch, Position after, Position last, CancellationToken cancellationToken)
    {
        var (all, store) = await BatchContent.ReadAsync(objects, batch, BatchProof.Reading, cancellationToken)
            .ConfigureAwait(false);
        var events = all.Where(envelope => envelope.Position > after && envelope.Position <= last).ToList();
        var writer = new EventBatchWriter(store, NoLimits);
        if (events.Count == 0 || !events.TrueForAll(writer.TryAdd))
        {
            throw new ObjectDamagedException(
                batch.Key.Value, $"it has no batch of events behind {after} up to {last}.");
        }

        var made = writer.Finish();
        var lease = await renew().ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            var key = made.Key(string.Create(CultureInfo.InvariantCulture, $"a{lease.Epoch}t{attempt}"));
            var outcome = await objects.PutIfAbsentAsync(key, made.Content, made.Attributes(), cancellationToken)
                .ConfigureAwait(false);
            if (outcome is PutOutcome.Taken && attempt < MaxAttempts)
            {
                continue;
            }

            var part = ManifestBatch.Of(
                BatchMaker.PlanOf(made, after),
                new BatchObject(
                    key.Value, made.Content.Length, Sha256Digest.Of(made.Content.Span), made.Index.Digest),
                EventRunDigest.Of(events));
            await BatchContent.ReadAsync(objects, part, BatchProof.Reading, cancellationToken).ConfigureAwait(false);
            return part;
        }
    }
}
