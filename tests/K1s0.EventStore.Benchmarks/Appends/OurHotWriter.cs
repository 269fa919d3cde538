using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>
/// Appends to a stream that others append to as well: expects the version that it knows, and tries again on conflict.
/// </summary>
internal sealed class OurHotWriter(IEventStore store, StreamId stream, SampleEvents events) : IWorker
{
    private EventEnvelope[] _pending = [];
    private long _version;

    /// <summary>Conflicts included.</summary>
    public long Attempts { get; private set; }

    public async Task<int> StepAsync()
    {
        if (_pending.Length == 0)
        {
            _pending = [events.Next(stream).Envelope];
        }

        Attempts++;
        try
        {
            var result = await store.AppendAsync(stream, _pending, _version);
            (_version, _pending) = (result.Version.Value, []);
            return 1;
        }
        catch (ConcurrencyException e)
        {
            // The next step tries again with what the stream has now.
            _version = e.ActualVersion;
            return 0;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
