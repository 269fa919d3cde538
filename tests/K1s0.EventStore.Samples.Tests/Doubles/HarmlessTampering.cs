using K1s0.EventStore.Samples.Quickstart;

namespace K1s0.EventStore.Samples.Tests.Doubles;

/// <summary>Says that it changed something, and did not.</summary>
internal sealed class HarmlessTampering(IEventStore store) : ITampering
{
    public string Description => "nothing";

    public Task<IReadOnlyList<EventEnvelope>> MakeItemsCheaperAsync(
        StreamId streamId, long version, CancellationToken cancellationToken) =>
        store.LoadAsync(streamId, cancellationToken: cancellationToken);
}
