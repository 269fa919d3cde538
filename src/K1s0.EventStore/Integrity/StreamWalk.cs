namespace K1s0.EventStore.Integrity;

/// <summary>The state of one verification: what the next event must be.</summary>
internal sealed class StreamWalk
{
    private readonly StreamId _streamId;
    private readonly IReadOnlyCollection<StreamHead> _knownHeads;
    private readonly Sha256Digest _tag;
    private Sha256Digest _hash;
    private Guid _lastEventId;
    private long _version;

    public StreamWalk(StreamId streamId, IReadOnlyCollection<StreamHead> knownHeads)
    {
        if (knownHeads.FirstOrDefault(head => head.StreamId != streamId) is { } other)
        {
            throw new ArgumentException($"The remembered head belongs to {other.StreamId}.", nameof(knownHeads));
        }

        _streamId = streamId;
        _knownHeads = knownHeads;
        _tag = StreamChain.Tag(streamId);
        _hash = StreamChain.Genesis(_tag);
    }

    public StreamFinding? Check(EventEnvelope envelope)
    {
        var expected = _version + 1;
        if (envelope.StreamId != _streamId)
        {
            return Finding(
                StreamFindingKind.ForeignEvent, expected, _streamId.ToString(), envelope.StreamId.ToString());
        }

        if (envelope.Version != expected)
        {
            var kind = envelope.Version > expected ? StreamFindingKind.MissingEvent : StreamFindingKind.RepeatedVersion;
            return Finding(
                kind, Math.Min(expected, envelope.Version), $"version {expected}", $"version {envelope.Version}");
        }

        var content = ContentDigest.Compute(envelope);
        if (content != envelope.ContentDigest)
        {
            return Finding(
                StreamFindingKind.ContentChanged, expected, envelope.ContentDigest.ToString(), content.ToString());
        }

        if (envelope.PreviousEventId != _lastEventId)
        {
            return Finding(
                StreamFindingKind.WrongPreviousEvent,
                expected,
                _lastEventId.ToString(),
                envelope.PreviousEventId.ToString());
        }

        var hash = StreamChain.Next(_tag, expected, _hash, content);
        if (hash != envelope.ChainHash)
        {
            return Finding(StreamFindingKind.LinkBroken, expected, hash.ToString(), envelope.ChainHash.ToString());
        }

        (_version, _hash, _lastEventId) = (expected, hash, envelope.Id);
        foreach (var head in _knownHeads)
        {
            if (head.Version.Value == _version && head.ChainHash != _hash)
            {
                return Finding(
                    StreamFindingKind.HistoryReplaced, expected, head.ChainHash.ToString(), _hash.ToString());
            }
        }

        return null;
    }

    public StreamVerification Failed(StreamFinding finding) => new(_streamId, _version, Head(), finding);

    public StreamVerification End()
    {
        var longest = _knownHeads.MaxBy(head => head.Version.Value);
        var cutOff = longest is not null && longest.Version.Value > _version
            ? Finding(
                StreamFindingKind.TailMissing, _version + 1, $"version {longest.Version}", $"version {_version}")
            : null;
        return new StreamVerification(_streamId, _version, Head(), cutOff);
    }

    private static StreamFinding Finding(StreamFindingKind kind, long version, string expected, string found) =>
        new(kind, new StreamVersion(Math.Max(version, 0)), expected, found);

    private StreamHead Head() => new(_streamId, new StreamVersion(_version), _lastEventId, _hash);
}
