using System.Collections.Concurrent;
using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Appends;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>A writer that appends now and then, and knows when each of its appends began.</summary>
internal sealed class LiveWriter(Func<AppendBatch, Task> append, int seed)
{
    private readonly ConcurrentDictionary<Guid, long> _begun = new();
    private readonly ConcurrentQueue<double> _milliseconds = new();

    /// <summary>How many of its events nobody has seen yet.</summary>
    public int Unseen => _begun.Count;

    /// <summary>Milliseconds from the start of each append until its event was seen, sorted.</summary>
    public IReadOnlyList<double> Milliseconds => [.. _milliseconds.Order()];

    /// <summary>Somebody has an event.</summary>
    public void Saw(Guid eventId)
    {
        var now = Stopwatch.GetTimestamp();
        if (_begun.TryRemove(eventId, out var begun))
        {
            _milliseconds.Enqueue(Stopwatch.GetElapsedTime(begun, now).TotalMilliseconds);
        }
    }

    /// <summary>Appends for this long, at uneven times.</summary>
    public async Task WriteAsync(TimeSpan duration)
    {
        var random = new Random(seed);
        var source = new BatchSource(seed, eventsPerAppend: 1, eventsPerStream: 10);
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var batch = source.Next();
            _begun[batch.Events[0].Envelope.Id] = Stopwatch.GetTimestamp();
            await append(batch);
            await Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * 5));
        }
    }
}
