using System.Diagnostics.CodeAnalysis;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Operations that wait for another side that cannot be reached all the time: durable before the call returns,
/// delivered in order for each key, and with one effect each, by their ids.
/// </summary>
/// <remarks>
/// Safe for several threads. An exception from the store leaves the queue as it was or with the whole of the change; it
/// is then read from the store anew, before it does anything else.
/// </remarks>
[SuppressMessage("Naming", "CA1711", Justification = "It is a queue, though of a kind that no collection is.")]
public sealed class OfflineQueue : IDisposable
{
    private readonly SemaphoreSlim _draining = new(1, 1);
    private readonly QueueState _state;
    private readonly OfflineQueueOptions _options;
    private readonly TimeProvider _timeProvider;

    private OfflineQueue(QueueState state, OfflineQueueOptions options, TimeProvider timeProvider) =>
        (_state, _options, _timeProvider) = (state, options, timeProvider);

    /// <summary>How the queue stands.</summary>
    public QueueStatus Status => _state.Status;

    /// <summary>Opens a queue with all that waits in it.</summary>
    /// <param name="store">Where it is kept; used by nobody else.</param>
    /// <param name="options">Its limits; the defaults when null.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public static async Task<OfflineQueue> OpenAsync(
        IQueueStore store,
        OfflineQueueOptions? options = null,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var (limits, time) = ((options ?? new OfflineQueueOptions()).Checked(), timeProvider ?? TimeProvider.System);
        var state = new QueueState(store, limits, time);
        await state.OpenAsync(cancellationToken).ConfigureAwait(false);
        return new OfflineQueue(state, limits, time);
    }

    /// <summary>Queues an operation. Durable when it returns.</summary>
    /// <param name="operation">
    /// The operation. One whose id waits in the queue already, or was done with lately, changes nothing.
    /// </param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <exception cref="QueueFullException">There is no room; nothing was written.</exception>
    /// <exception cref="ArgumentException">
    /// The operation is larger than <see cref="OfflineQueueOptions.MaxOperationBytes"/>.
    /// </exception>
    public Task<EnqueueReceipt> EnqueueAsync(QueuedOperation operation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return operation.Size > _options.MaxOperationBytes
            ? throw new ArgumentException(
                $"An operation has at most {_options.MaxOperationBytes} bytes, not {operation.Size}.",
                nameof(operation))
            : _state.ChangeAsync(draft => draft.Enqueue(operation), cancellationToken);
    }

    /// <summary>
    /// Sends what waits, in order, until nothing is left that may be sent now or the other side cannot be reached.
    /// </summary>
    /// <param name="target">The other side.</param>
    /// <param name="cancellationToken">Stops; what was answered is noted.</param>
    /// <returns>How many operations were delivered; see <see cref="Status"/> for the rest.</returns>
    public async Task<int> DrainAsync(IOperationTarget target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        await _draining.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var delivered = 0;
            while (await _state.ChangeAsync(draft => draft.TakeBatch(), cancellationToken).ConfigureAwait(false)
                is { Count: > 0 } batch)
            {
                if (await TrySubmitAsync(target, batch, cancellationToken).ConfigureAwait(false) is not { } results)
                {
                    break;
                }

                // What was answered has taken effect: it is noted even when the caller gives up now.
                var answered = await _state.ChangeAsync(
                    draft => draft.Answer(batch, results), CancellationToken.None).ConfigureAwait(false);
                delivered += answered.Delivered;
                if (!answered.HasChanges)
                {
                    break;
                }
            }

            return delivered;
        }
        finally
        {
            _draining.Release();
        }
    }

    /// <summary>The operations that were laid aside, oldest first.</summary>
    public IReadOnlyList<QueueEntry> ReadDead() => _state.Find(entry => entry.IsDead);

    /// <summary>The operations that wait, in order.</summary>
    public IReadOnlyList<QueueEntry> ReadWaiting() => _state.Find(entry => !entry.IsDead);

    /// <summary>Lets an operation that was laid aside wait again, in its old place.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>Whether there was one.</returns>
    public Task<bool> ReviveAsync(Guid id, CancellationToken cancellationToken = default) =>
        _state.ChangeAsync(draft => draft.Revive(id), cancellationToken);

    /// <summary>Drops an operation that was laid aside.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>Whether there was one.</returns>
    public Task<bool> DropAsync(Guid id, CancellationToken cancellationToken = default) =>
        _state.ChangeAsync(draft => draft.Drop(id), cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _draining.Dispose();
        _state.Dispose();
    }

    // Null when the other side was not reached.
    private async Task<IReadOnlyList<OperationResult>?> TrySubmitAsync(
        IOperationTarget target, IReadOnlyList<QueueEntry> batch, CancellationToken cancellationToken)
    {
        var began = _timeProvider.GetTimestamp();
        try
        {
            var results = await target.SubmitAsync([.. batch.Select(entry => entry.Operation)], cancellationToken)
                .ConfigureAwait(false);
            Check(batch, results);
            _state.Measure(meter => meter.Answered(_timeProvider.GetElapsedTime(began)));
            return results;
        }
        catch (Exception e) when (e is IOException or TimeoutException or EventStoreException { IsTransient: true })
        {
            _state.Measure(meter => meter.Unreachable());
            return null;
        }
    }

    private static void Check(IReadOnlyList<QueueEntry> batch, IReadOnlyList<OperationResult> results)
    {
        for (var i = 0; i < results.Count; i++)
        {
            if (i >= batch.Count || results[i].Id != batch[i].Operation.Id)
            {
                throw new InvalidOperationException("The target answered other operations than it was sent.");
            }
        }
    }
}
