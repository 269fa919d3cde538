namespace K1s0.EventStore.Samples.Tests.Doubles;

/// <summary>Passes appends on and remembers them, up to the one at which the store goes away.</summary>
internal sealed class RecordingAppender(IEventAppender appender, int failAtAppend = int.MaxValue) : IEventAppender
{
    public List<IReadOnlyCollection<StreamAppend>> Appends { get; } = [];

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        ExpectedVersion expected,
        CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("The import appends to several streams at once.");

    public Task<IReadOnlyList<AppendResult>> AppendAsync(
        IReadOnlyCollection<StreamAppend> appends, CancellationToken cancellationToken = default)
    {
        Appends.Add(appends);
        return Appends.Count < failAtAppend
            ? appender.AppendAsync(appends, cancellationToken)
            : throw new StoreUnavailableException("The store is gone.");
    }
}
