using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Integrity;

/// <summary>Verifies streams, one after the other.</summary>
internal sealed class ChainVerification(IReadOnlyList<IReadOnlyList<EventEnvelope>> streams) : IWorker
{
    public Task<int> StepAsync()
    {
        var verified = 0;
        foreach (var events in streams)
        {
            var verification = StreamVerifier.Verify(events[0].StreamId, events);
            verified += verification.IsValid
                ? events.Count
                : throw new InvalidOperationException($"{verification.StreamId}: {verification.Finding}");
        }

        return Task.FromResult(verified);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
