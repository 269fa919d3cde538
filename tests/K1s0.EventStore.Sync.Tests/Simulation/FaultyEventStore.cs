namespace K1s0.EventStore.Sync.Simulation;

/// <summary>A store whose appends fail, or end the process, before or after they have taken effect.</summary>
internal sealed class FaultyEventStore(InMemoryEventStore inner, Func<FaultyEventStore.Fault> next)
    : IEventStore, IEventAppender, IStreamReader
{
    public enum Fault
    {
        None,
        ErrorBefore,
        ErrorAfter,
        CrashBefore,
        CrashAfter,
    }

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) =>
        FailAround(() => inner.AppendAsync(streamId, events, expectedVersion, cancellationToken));

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        CancellationToken cancellationToken = default) =>
        FailAround(() => inner.AppendAsync(streamId, events, expected, cancellationToken));

    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default) =>
        FailAround(() => inner.AppendAsync(appends, cancellationToken));

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion = 0, long? toVersion = null, CancellationToken cancellationToken = default) =>
        inner.LoadAsync(streamId, fromVersion, toVersion, cancellationToken);

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.ExistsAsync(streamId, cancellationToken);

    public IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        CancellationToken cancellationToken = default) =>
        inner.ReadStreamAsync(streamId, direction, from, cancellationToken);

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        inner.GetHeadAsync(streamId, cancellationToken);

    private async Task<T> FailAround<T>(Func<Task<T>> append)
    {
        var fault = next();
        switch (fault)
        {
            case Fault.ErrorBefore:
                throw new WriteOutcomeUnknownException("the simulated store failed");
            case Fault.CrashBefore:
                throw new SimulatedCrashException();
            default:
                break;
        }

        var result = await append();
        return fault switch
        {
            Fault.ErrorAfter => throw new WriteOutcomeUnknownException("the simulated store failed"),
            Fault.CrashAfter => throw new SimulatedCrashException(),
            _ => result,
        };
    }
}
