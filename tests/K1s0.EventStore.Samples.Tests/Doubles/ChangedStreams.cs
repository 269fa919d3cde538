using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Samples.Tests.Doubles;

/// <summary>Streams that do not tell the truth: each event as the change makes it, or not at all.</summary>
internal sealed class ChangedStreams(IStreamReader streams, Func<EventEnvelope, EventEnvelope?> change) : IStreamReader
{
    public async IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var envelope in streams.ReadStreamAsync(streamId, direction, from, cancellationToken))
        {
            if (change(envelope) is { } changed)
            {
                yield return changed;
            }
        }
    }

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        streams.GetHeadAsync(streamId, cancellationToken);
}
