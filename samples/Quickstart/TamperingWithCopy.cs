namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>The store in memory hands out no way to change what it keeps, so a copy is changed.</summary>
internal sealed class TamperingWithCopy(IEventStore store) : ITampering
{
    public string Description => "one byte of a copy";

    public async Task<IReadOnlyList<EventEnvelope>> MakeItemsCheaperAsync(
        StreamId streamId, long version, CancellationToken cancellationToken)
    {
        var events = await store.LoadAsync(streamId, cancellationToken: cancellationToken);
        return [.. events.Select(envelope => envelope.Version == version ? MakeCheaper(envelope) : envelope)];
    }

    private static EventEnvelope MakeCheaper(EventEnvelope envelope)
    {
        var payload = envelope.PayloadUtf8.ToArray();
        payload[payload.AsSpan().LastIndexOf((byte)'6')] = (byte)'5';
        return envelope with { PayloadUtf8 = payload };
    }
}
