namespace K1s0.EventStore.Sync;

/// <summary>
/// Steps on nodes that may be offline: done one after the other, each as soon as it can be done; when one is refused,
/// those before it are taken back in reverse order. Others see the steps that are done meanwhile.
/// </summary>
/// <remarks>
/// How far it is is durable in stream <c>k1s0-sync-saga</c> / id. A crash between a step and its note runs the step
/// again. One caller at a time; two get a <see cref="ConcurrencyException"/>.
/// </remarks>
public sealed class Saga
{
    private const string Done = "step-done";
    private const string Refused = "step-refused";
    private const string TakenBack = "step-taken-back";

    private readonly IEventStore _store;
    private readonly StreamId _stream;
    private readonly IReadOnlyList<SagaStep> _steps;
    private readonly TimeProvider _timeProvider;

    /// <summary>A saga, new or begun before.</summary>
    /// <param name="store">Where it notes how far it is.</param>
    /// <param name="id">Its id.</param>
    /// <param name="steps">Its steps, the same each time; 1 to 100.</param>
    /// <param name="timeProvider">Where the time of notes comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">There are no steps, too many, or two of one name.</exception>
    public Saga(IEventStore store, Guid id, IReadOnlyList<SagaStep> steps, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(steps);
        var names = steps.Select(step => step.Name).Distinct(StringComparer.Ordinal).Count();
        if (steps.Count is 0 or > 100 || names < steps.Count)
        {
            throw new ArgumentException("A saga has 1 to 100 steps with names of their own.", nameof(steps));
        }

        (_store, _stream, _steps) = (store, new StreamId("k1s0-sync-saga", id.ToString("D")), steps);
        _timeProvider = timeProvider ?? TimeProvider.System;
    }

    /// <summary>Goes on as far as it can.</summary>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <returns>How it stands, and why it waits or was compensated; null when it is completed.</returns>
    public async Task<(SagaStatus Status, string? Reason)> RunAsync(CancellationToken cancellationToken = default)
    {
        var notes = await _store.LoadAsync(_stream, cancellationToken: cancellationToken).ConfigureAwait(false);
        var done = notes.Count(note => Is(note, Done)) - notes.Count(note => Is(note, TakenBack));
        var version = notes.Count;
        var refused = notes.FirstOrDefault(note => Is(note, Refused))?.Payload.GetProperty("reason").GetString();
        try
        {
            for (; refused is null && done < _steps.Count; done++)
            {
                var step = _steps[done];
                refused = await step.Act(KeyOf(step), cancellationToken).ConfigureAwait(false);
                await NoteAsync(refused is null ? Done : Refused, step, refused, version++).ConfigureAwait(false);
                if (refused is not null)
                {
                    break;
                }
            }

            for (; refused is not null && done > 0; done--)
            {
                var step = _steps[done - 1];
                await step.Compensate(KeyOf(step), cancellationToken).ConfigureAwait(false);
                await NoteAsync(TakenBack, step, reason: null, version++).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or TimeoutException or EventStoreException { IsTransient: true })
        {
            return (SagaStatus.Waiting, e.Message);
        }

        return refused is null ? (SagaStatus.Completed, null) : (SagaStatus.Compensated, refused);
    }

    private static bool Is(EventEnvelope note, string type) =>
        string.Equals(note.EventType, type, StringComparison.Ordinal);

    private string KeyOf(SagaStep step) => $"{_stream.AggregateId}/{step.Name}";

    private async Task NoteAsync(string type, SagaStep step, string? reason, long version)
    {
        var note = TransactionStreams.Append(_stream, type, _timeProvider, write: json =>
        {
            json.WriteString("step", step.Name);
            if (reason is not null)
            {
                json.WriteString("reason", reason);
            }
        });
        await _store.AppendAsync(_stream, note.Events, version, CancellationToken.None).ConfigureAwait(false);
    }
}
