using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// The streams of one frame as far as it has come: what of an event can be recomputed from the frame alone. Writer and
/// reader go through it in the same way.
/// </summary>
internal sealed class FrameChain
{
    private readonly Dictionary<StreamId, Link> _links = [];

    /// <summary>The tags of the streams so far.</summary>
    public IEnumerable<Sha256Digest> Tags => _links.Values.Select(link => link.Tag);

    public int StreamCount => _links.Count;

    public void Clear() => _links.Clear();

    /// <summary>
    /// Whether the line of an event has to name its chain; the event is checked against what can be recomputed.
    /// </summary>
    /// <exception cref="ArgumentException">The event is not what its own digests say.</exception>
    public bool NeedsChain(EventEnvelope envelope)
    {
        if (ContentDigest.Compute(envelope) != envelope.ContentDigest)
        {
            throw new ArgumentException(
                $"{envelope} has not the content that its digest was computed of.", nameof(envelope));
        }

        var expected = Next(envelope, envelope.ContentDigest);
        if (expected is { } next && (next.Hash, next.PreviousId) != (envelope.ChainHash, envelope.PreviousEventId))
        {
            throw new ArgumentException(
                $"{envelope} does not continue the chain of its stream.", nameof(envelope));
        }

        return expected is null;
    }

    /// <summary>The event is written or read: the next one of its stream continues it.</summary>
    public void Add(EventEnvelope envelope)
    {
        var tag = _links.TryGetValue(envelope.StreamId, out var link) ? link.Tag : StreamChain.Tag(envelope.StreamId);
        _links[envelope.StreamId] = new Link(tag, envelope.Version, envelope.ChainHash, envelope.Id);
    }

    /// <summary>The event of a line with everything that was left out.</summary>
    /// <exception cref="InvalidFormatException">The line lacks what cannot be recomputed, or has what can.</exception>
    public EventEnvelope Complete(EventEnvelope envelope, bool hasChain)
    {
        var content = ContentDigest.Compute(envelope);
        var expected = Next(envelope, content);
        if (hasChain == expected is not null)
        {
            throw new InvalidFormatException(
                EventLine.FormatName, $"{envelope} does not continue the stream in its frame.");
        }

        var complete = expected is { } next
            ? envelope with { ContentDigest = content, ChainHash = next.Hash, PreviousEventId = next.PreviousId }
            : envelope with { ContentDigest = content };
        Add(complete);
        return complete;
    }

    // Null when the frame does not know the event before.
    private (Sha256Digest Hash, Guid PreviousId)? Next(EventEnvelope envelope, Sha256Digest content)
    {
        if (_links.TryGetValue(envelope.StreamId, out var link) && link.Version == envelope.Version - 1)
        {
            return (StreamChain.Next(link.Tag, envelope.Version, link.Hash, content), link.Id);
        }

        if (envelope.Version != 1)
        {
            return null;
        }

        var tag = StreamChain.Tag(envelope.StreamId);
        return (StreamChain.Next(tag, 1, StreamChain.Genesis(tag), content), Guid.Empty);
    }

    private readonly record struct Link(Sha256Digest Tag, long Version, Sha256Digest Hash, Guid Id);
}
