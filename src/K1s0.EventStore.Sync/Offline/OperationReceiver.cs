using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The receiving side of queues of operations: turns each operation into events, once. The events and a mark with the
/// operation's id are stored in one append, so neither a crash nor a repetition makes an operation take effect twice.
/// </summary>
/// <remarks>
/// Safe for several threads, and for several processes on one store. Marks are streams <c>k1s0-sync-operation</c> / id.
/// </remarks>
public sealed class OperationReceiver : IOperationTarget
{
    private const int MaxTries = 5;

    private readonly IEventStore _store;
    private readonly IEventAppender _appender;
    private readonly Func<QueuedOperation, CancellationToken, Task<OperationDecision>> _decide;
    private readonly TimeProvider _timeProvider;

    /// <summary>A receiver.</summary>
    /// <param name="store">The event store; it also appends to several streams at once.</param>
    /// <param name="decide">
    /// What an operation becomes. Called again when a stream has moved meanwhile; what it throws fails the operation.
    /// </param>
    /// <param name="timeProvider">Where the time of marks comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The store lacks a role.</exception>
    public OperationReceiver(
        IEventStore store,
        Func<QueuedOperation, CancellationToken, Task<OperationDecision>> decide,
        TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(decide);
        _appender = store as IEventAppender
            ?? throw new ArgumentException($"The store is no {nameof(IEventAppender)}.", nameof(store));
        (_store, _decide, _timeProvider) = (store, decide, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<OperationResult>> SubmitAsync(
        IReadOnlyList<QueuedOperation> operations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(operations);
        var results = new List<OperationResult>(operations.Count);
        var failed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var operation in operations)
        {
            var result = failed.Contains(operation.Key)
                ? new OperationResult(operation.Id, OperationOutcome.NotTried, "one before it failed.")
                : await TakeAsync(operation, cancellationToken).ConfigureAwait(false);
            results.Add(result);
            if (result.Outcome is OperationOutcome.Failed)
            {
                failed.Add(operation.Key);
            }
        }

        return results;
    }

    private static StreamId Mark(Guid id) => new("k1s0-sync-operation", id.ToString("D", CultureInfo.InvariantCulture));

    private async Task<OperationResult> TakeAsync(QueuedOperation operation, CancellationToken cancellationToken)
    {
        try
        {
            for (var tried = 0; tried < MaxTries; tried++)
            {
                if (await TryTakeAsync(operation, cancellationToken).ConfigureAwait(false) is { } result)
                {
                    return result;
                }
            }

            return new OperationResult(operation.Id, OperationOutcome.Failed, "its streams move too fast.");
        }
        catch (Exception e) when (e is not (OperationCanceledException or EventStoreException { IsTransient: true }
            or IOException or TimeoutException))
        {
            // One operation that cannot be understood must not hold up those of other keys.
            return new OperationResult(operation.Id, OperationOutcome.Failed, e.Message);
        }
    }

    // Null when a stream has moved meanwhile.
    private async Task<OperationResult?> TryTakeAsync(QueuedOperation operation, CancellationToken cancellationToken)
    {
        if (await IsMarkedAsync(operation.Id, cancellationToken).ConfigureAwait(false))
        {
            return new OperationResult(operation.Id, OperationOutcome.AlreadyApplied);
        }

        foreach (var absorbed in operation.Absorbed)
        {
            if (await IsMarkedAsync(absorbed, cancellationToken).ConfigureAwait(false))
            {
                return new OperationResult(
                    operation.Id, OperationOutcome.Rejected, $"a part of it, {absorbed}, has taken effect by itself.");
            }
        }

        var decision = await _decide(operation, cancellationToken).ConfigureAwait(false);
        if (decision.Reason is not null)
        {
            return new OperationResult(operation.Id, OperationOutcome.Rejected, decision.Reason);
        }

        try
        {
            await _appender.AppendAsync(
                [.. decision.Appends, .. operation.Absorbed.Append(operation.Id).Select(id => MarkOf(id, operation))],
                cancellationToken).ConfigureAwait(false);
            return new OperationResult(operation.Id, OperationOutcome.Applied);
        }
        catch (ConcurrencyException)
        {
            return null;
        }
        catch (EventIdReusedException)
        {
            // The same operation was submitted twice at once and became events with the same ids: the first to store
            // them has left a mark. Otherwise the ids belong to something else.
            if (await IsMarkedAsync(operation.Id, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            throw;
        }
    }

    private StreamAppend MarkOf(Guid id, QueuedOperation operation)
    {
        var stream = Mark(id);
        var payload = Encoding.UTF8.GetBytes($"\"{operation.Id:D}\"");
        return new StreamAppend(
            stream,
            [EventEnvelope.Create(stream, "operation-applied", payload, timeProvider: _timeProvider)],
            ExpectedVersion.NoStream);
    }

    private async Task<bool> IsMarkedAsync(Guid id, CancellationToken cancellationToken) =>
        (await _store.LoadAsync(Mark(id), cancellationToken: cancellationToken).ConfigureAwait(false)).Count > 0;
}
