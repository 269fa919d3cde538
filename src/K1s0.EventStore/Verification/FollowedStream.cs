using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// What the next event of one stream must be. After a finding it goes on from what is stored, so that every further
/// place at which the stream differs is found too. One caller at a time.
/// </summary>
internal sealed class FollowedStream
{
    private readonly StreamHead[] _remembered;

    // The link before, as the store has it, and as it was computed: they differ only behind a finding, and then either
    // of them may be the one that the next event was chained to.
    private Sha256Digest _stored;
    private Sha256Digest _computed;
    private Guid _lastEventId;

    // Versions that were passed over and have not come since; none when _missingTo is smaller.
    private long _missingFrom = 1;
    private long _missingTo;
    private Position _missingBefore;
    private bool _isBehindFinding;

    public FollowedStream(StreamId streamId, StreamHead[] remembered)
    {
        (StreamId, _remembered) = (streamId, remembered);
        Tag = StreamChain.Tag(streamId);
        _stored = _computed = StreamChain.Genesis(Tag);
    }

    public StreamId StreamId { get; }

    public Sha256Digest Tag { get; }

    public long Version { get; private set; }

    public bool IsCatalogued { get; set; }

    /// <summary>The events that were looked at.</summary>
    public long Events { get; private set; }

    /// <summary>The bytes of their payloads and metadata.</summary>
    public long Bytes { get; private set; }

    /// <summary>Goes on behind an event that is not verified itself.</summary>
    public void Seed(EventEnvelope before)
    {
        (Version, _lastEventId) = (before.Version, before.Id);
        _stored = _computed = before.ChainHash;
    }

    /// <summary>Whether the stream is at this version, with this event and link.</summary>
    public bool IsAt(StreamHead head) =>
        Version == head.Version.Value && _stored == head.ChainHash && _lastEventId == head.LastEventId;

    public void Check(EventEnvelope envelope, FindingList findings)
    {
        Events++;
        Bytes += envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length;
        var content = ContentDigest.Compute(envelope);
        if (envelope.Version != Version + 1)
        {
            if (!Jump(envelope, content, findings))
            {
                return;
            }

            _computed = envelope.ChainHash;
        }
        else
        {
            _computed = IsNext(envelope, content, findings)
                ? envelope.ChainHash
                : StreamChain.Next(Tag, envelope.Version, _stored, content);
        }

        (Version, _stored, _lastEventId) = (envelope.Version, envelope.ChainHash, envelope.Id);
        CheckRemembered(envelope, findings);
    }

    /// <summary>Reports what should have come.</summary>
    public void End(bool isWhole, FindingList findings)
    {
        ReportMissing(findings);
        if (isWhole && _remembered.MaxBy(head => head.Version.Value) is { } head && head.Version.Value > Version)
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.TailCutOff,
                StreamId,
                new StreamVersion(Version + 1),
                Position.Start,
                $"version {head.Version}, as remembered",
                Text(Version)));
        }
    }

    private static string Text(long version) => string.Create(CultureInfo.InvariantCulture, $"version {version}");

    private bool IsNext(EventEnvelope envelope, Sha256Digest content, FindingList findings)
    {
        var follows = Follows(envelope, content);
        var isPrevious = envelope.PreviousEventId == _lastEventId || _isBehindFinding;
        var isContent = content == envelope.ContentDigest;
        if (follows && isPrevious && isContent)
        {
            _isBehindFinding = false;
            return true;
        }

        _isBehindFinding = true;
        Report(envelope, content, follows, findings);
        return false;
    }

    private void Report(EventEnvelope envelope, Sha256Digest content, bool follows, FindingList findings)
    {
        if (content != envelope.ContentDigest)
        {
            // A digest that fits the chain says that the event was appended here, and changed later.
            findings.Add(
                follows || Follows(envelope, envelope.ContentDigest)
                    ? StoreFindingKind.Edited
                    : StoreFindingKind.Spliced,
                envelope,
                $"content {envelope.ContentDigest}",
                $"content {content}");
        }
        else if (follows)
        {
            findings.Add(
                StoreFindingKind.Edited, envelope, $"behind event {_lastEventId}", $"event {envelope.PreviousEventId}");
        }
        else
        {
            var expected = StreamChain.Next(Tag, envelope.Version, _stored, content);
            findings.Add(
                envelope.Version == 1 ? StoreFindingKind.ReRooted : StoreFindingKind.Edited,
                envelope,
                $"link {expected}",
                $"link {envelope.ChainHash}",
                envelope.Version == 1 ? null : new BrokenLink(envelope.Id, envelope.PreviousEventId));
        }
    }

    // One hash where nothing is wrong.
    private bool Follows(EventEnvelope envelope, Sha256Digest content) =>
        StreamChain.Next(Tag, envelope.Version, _stored, content) == envelope.ChainHash
        || (_isBehindFinding && StreamChain.Next(Tag, envelope.Version, _computed, content) == envelope.ChainHash);

    // Whether the stream goes on with this event, which does not bear the version that should come.
    private bool Jump(EventEnvelope envelope, Sha256Digest content, FindingList findings)
    {
        if (content != envelope.ContentDigest)
        {
            findings.Add(
                StoreFindingKind.Edited, envelope, $"content {envelope.ContentDigest}", $"content {content}");
        }

        if (envelope.Version <= Version)
        {
            var isLate = envelope.Version >= _missingFrom && envelope.Version <= _missingTo;
            findings.Add(
                isLate ? StoreFindingKind.Swapped : StoreFindingKind.Duplicated,
                envelope,
                Text(Version + 1),
                Text(envelope.Version));
            if (isLate)
            {
                // Of a gap of several, what comes is taken off one end: the rest is reported as missing.
                (_missingFrom, _missingTo) = envelope.Version == _missingFrom
                    ? (_missingFrom + 1, _missingTo)
                    : (_missingFrom, envelope.Version - 1);
            }

            return false;
        }

        ReportMissing(findings);
        (_missingFrom, _missingTo, _missingBefore) = (Version + 1, envelope.Version - 1, envelope.Position);
        _isBehindFinding = true;
        return true;
    }

    private void ReportMissing(FindingList findings)
    {
        if (_missingTo >= _missingFrom)
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.Deleted,
                StreamId,
                new StreamVersion(_missingFrom),
                _missingBefore,
                Text(_missingFrom),
                Text(_missingTo + 1)));
        }

        (_missingFrom, _missingTo) = (1, 0);
    }

    private void CheckRemembered(EventEnvelope envelope, FindingList findings)
    {
        foreach (var head in _remembered)
        {
            if (head.Version.Value == Version && head.ChainHash != _stored)
            {
                findings.Add(
                    StoreFindingKind.ReRooted, envelope, $"link {head.ChainHash}, as remembered", $"link {_stored}");
            }
        }
    }
}
