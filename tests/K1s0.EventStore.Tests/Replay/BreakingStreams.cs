using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Tests;

/// <summary>Streams that break off after some events, each time they are read.</summary>
internal sealed class BreakingStreams(IStreamReader streams, int afterEvents) : IStreamReader
{
    public int Openings { get; private set; }

    public async IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Openings++;
        var left = afterEvents;
        await foreach (var envelope in streams.ReadStreamAsync(streamId, direction, from, cancellationToken))
        {
            yield return left-- > 0
                ? envelope
                : throw new StoreUnavailableException("The store is away.", new TimeoutException());
        }
    }

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        streams.GetHeadAsync(streamId, cancellationToken);
}
