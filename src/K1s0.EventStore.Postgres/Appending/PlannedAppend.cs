using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres;

/// <summary>A validated append and the chain that it will have if the stream is where this process believes.</summary>
internal sealed class PlannedAppend
{
    private PlannedAppend(ValidatedAppend append, Sha256Digest tag, KnownHead known, Sha256Digest[] links) =>
        (Append, Tag, Known, Links) = (append, tag, known, links);

    public ValidatedAppend Append { get; }

    public Sha256Digest Tag { get; }

    public KnownHead Known { get; }

    public Sha256Digest[] Links { get; }

    public static PlannedAppend Create(ValidatedAppend append, KnownHead? cached)
    {
        var tag = StreamChain.Tag(append.StreamId);
        var known = cached ?? new KnownHead(0, StreamChain.Genesis(tag));
        var links = new Sha256Digest[append.Events.Count];
        var hash = known.Hash;
        for (var i = 0; i < links.Length; i++)
        {
            hash = links[i] = StreamChain.Next(tag, known.Version + i + 1, hash, append.ContentDigests[i]);
        }

        return new PlannedAppend(append, tag, known, links);
    }
}
