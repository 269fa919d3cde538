using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Where the chain of each stream stands, over all batches: about 150 bytes a stream. A stream whose events are not
/// known from the first is taken as it comes, once.
/// </summary>
internal sealed class StreamHeads(bool isComplete)
{
    private readonly Dictionary<Sha256Digest, Head> _heads = [];

    // Whether something is missing in front, so that a stream may go on anywhere.
    private bool _isComplete = isComplete;

    public int Count => _heads.Count;

    /// <summary>Takes the next event.</summary>
    /// <returns>What is wrong with its place in the stream, as a sentence; null when nothing is.</returns>
    public string? Add(EventEnvelope envelope)
    {
        var tag = StreamChain.Tag(envelope.StreamId);
        var isKnown = _heads.TryGetValue(tag, out var head);
        if (!isKnown)
        {
            head = new Head(0, StreamChain.Genesis(tag), Guid.Empty);
        }

        _heads[tag] = new Head(envelope.Version, envelope.ChainHash, envelope.Id);
        if (!isKnown && !_isComplete && envelope.Version > 1)
        {
            return null;
        }

        if (envelope.Version != head.Version + 1)
        {
            return $"{envelope.StreamId} goes on with version {envelope.Version} behind {head.Version}.";
        }

        if (envelope.PreviousEventId != head.EventId)
        {
            return $"{envelope.StreamId} names {envelope.PreviousEventId} as the event before version "
                + $"{envelope.Version}; it is {head.EventId}.";
        }

        return StreamChain.Next(tag, envelope.Version, head.Hash, envelope.ContentDigest) == envelope.ChainHash
            ? null
            : $"the chain of {envelope.StreamId} breaks at version {envelope.Version}.";
    }

    /// <summary>Events are missing here: every stream may go on somewhere else, once.</summary>
    public void Skip()
    {
        _heads.Clear();
        _isComplete = false;
    }

    private readonly record struct Head(long Version, Sha256Digest Hash, Guid EventId);
}
