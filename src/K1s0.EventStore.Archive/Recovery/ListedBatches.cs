using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Archive;

/// <summary>Downloads and checks listed batches in order, some of them ahead on threads of the pool.</summary>
internal sealed class ListedBatches(IObjectStore objects, ArchiveRecoveryOptions options)
{
    /// <summary>Each batch with its events, or with what is wrong. Whoever stops leaves nothing running.</summary>
    public async IAsyncEnumerable<ReadBatch> ReadAsync(
        IEnumerable<ManifestBatch> batches, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = new Queue<Task<ReadBatch>>();
        try
        {
            foreach (var batch in batches)
            {
                waiting.Enqueue(Task.Run(() => ReadAsync(batch, stopping.Token), CancellationToken.None));
                if (waiting.Count > options.BatchesAhead)
                {
                    yield return await waiting.Dequeue().ConfigureAwait(false);
                }
            }

            while (waiting.Count > 0)
            {
                yield return await waiting.Dequeue().ConfigureAwait(false);
            }
        }
        finally
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await ((Task)Task.WhenAll(waiting)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<ReadBatch> ReadAsync(ManifestBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await BatchContent.TryReadAsync(objects, batch, options.Reader, cancellationToken)
                .ConfigureAwait(false) is var (events, _)
                ? new ReadBatch(batch, events, Failure: null)
                : new ReadBatch(batch, [], BatchContent.Missing(batch), IsMissing: true);
        }
        catch (Exception e) when (
            e is ObjectDamagedException or UnsupportedFormatException or RestoreRequiredException)
        {
            return new ReadBatch(batch, [], e);
        }
    }

    internal sealed record ReadBatch(
        ManifestBatch Batch, IReadOnlyList<EventEnvelope> Events, Exception? Failure, bool IsMissing = false);
}
