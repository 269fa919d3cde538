using K1s0.EventStore.Benchmarks.Events;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>
/// What one writer appends: to a stream of its own until that has so many events, then to the next. Not thread-safe.
/// </summary>
internal sealed class BatchSource(int seed, int eventsPerAppend, int eventsPerStream)
{
    // Above what the store gives to its own streams, so that copies of those keep their numbers.
    private static long _lastStreamKey = 1_000_000_000;

    private readonly SampleEvents _events = new(seed);
    private StreamId? _stream;
    private long _streamKey;
    private long _version;
    private Guid? _lastId;

    public AppendBatch Next()
    {
        if (_stream is null || _version >= eventsPerStream)
        {
            _stream = new StreamId("order", Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N"));
            _streamKey = Interlocked.Increment(ref _lastStreamKey);
            (_version, _lastId) = (0, null);
        }

        var batch = new AppendBatch(
            _stream, _streamKey, _version, _lastId, _events.Next(_stream, eventsPerAppend));
        _version += eventsPerAppend;
        _lastId = batch.Events[^1].Envelope.Id;
        return batch;
    }
}
