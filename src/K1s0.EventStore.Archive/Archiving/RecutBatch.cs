using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// A batch of its own of a stretch of events that another batch, or several side by side, have. Made in memory; nobody
/// has it before it is put.
/// </summary>
internal sealed class RecutBatch
{
    private const int MaxAttempts = 20;

    private static readonly EventBatchLimits NoLimits = new(10_000_000, 80 * 1024 * 1024);

    private RecutBatch(EventBatch made, Position after, Sha256Digest eventsDigest) =>
        (Made, Plan, EventsDigest) = (made, BatchMaker.PlanOf(made, after), eventsDigest);

    public EventBatch Made { get; }

    public BatchPlan Plan { get; }

    public Sha256Digest EventsDigest { get; }

    /// <summary>
    /// Cuts a batch of the events behind a position up to another one, out of the listed batches that have them, each
    /// of which begins where the one before it ends.
    /// </summary>
    /// <exception cref="ObjectDamagedException">One is damaged, or there are no such events.</exception>
    public static async Task<RecutBatch> CutAsync(
        IObjectStore objects,
        IReadOnlyList<ManifestBatch> batches,
        Position after,
        Position last,
        CancellationToken cancellationToken)
    {
        var all = new List<EventEnvelope>();
        StoreIdentity store = default;
        foreach (var batch in batches)
        {
            var read = await BatchContent.ReadAsync(objects, batch, BatchProof.Reading, cancellationToken)
                .ConfigureAwait(false);
            all.AddRange(read.Events);
            store = read.Store;
        }

        return Cut(batches[0].Key, all, store, after, last);
    }

    /// <summary>The same of events that were read.</summary>
    /// <exception cref="ObjectDamagedException">There are no such events among them.</exception>
    public static RecutBatch Cut(
        ObjectKey key, IReadOnlyList<EventEnvelope> all, StoreIdentity store, Position after, Position last)
    {
        var writer = new EventBatchWriter(store, NoLimits);
        var events = all.Where(found => found.Position > after && found.Position <= last).ToList();
        return events.Count > 0 && events.TrueForAll(writer.TryAdd)
            ? new RecutBatch(writer.Finish(), after, EventRunDigest.Of(events))
            : throw new ObjectDamagedException(key.Value, $"it has no batch of events behind {after} up to {last}.");
    }

    /// <summary>Puts it, and reads it back.</summary>
    /// <exception cref="ObjectDamagedException">It is not read back as it was put.</exception>
    public async Task<ManifestBatch> PutAsync(
        IObjectStore objects, Func<Task<Lease>> renew, CancellationToken cancellationToken)
    {
        var lease = await renew().ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            var key = Made.Key(string.Create(CultureInfo.InvariantCulture, $"a{lease.Epoch}t{attempt}"));
            var outcome = await objects.PutIfAbsentAsync(key, Made.Content, Made.Attributes(), cancellationToken)
                .ConfigureAwait(false);
            if (outcome is PutOutcome.Taken && attempt < MaxAttempts)
            {
                continue;
            }

            var batch = ManifestBatch.Of(
                Plan,
                new BatchObject(
                    key.Value, Made.Content.Length, Sha256Digest.Of(Made.Content.Span), Made.Index.Digest),
                EventsDigest);
            await BatchContent.ReadAsync(objects, batch, BatchProof.Reading, cancellationToken).ConfigureAwait(false);
            return batch;
        }
    }
}
