namespace K1s0.EventStore.Sync;

/// <summary>What two members tell each other in one exchange: a request or its answer.</summary>
/// <remarks>
/// <code>
/// Gossip         40 | body      the request, the first frame behind a handshake
/// GossipAnswer   41 | body      nothing behind the type when the node takes no part
///
/// body   flags, 1: bit 0 wants a session, or grants one; bit 1 a digest follows
///        digest of all that the teller holds, 8
///        address of the teller, a text of at most 128 bytes, empty when it cannot be called; incarnation
///        address of a member that the other is asked to probe, or empty
///        address of a member that has answered, which the other had asked to probe, or empty
///        number of rumours, at most 32; each: address; incarnation; state, 1
///        number of heads, at most 64; each: origin; sequence; the first bytes of the hash, 8
/// </code>
/// At most 1,024 bytes. The frame goes over a session's handshake, so it is sealed like every other.
/// </remarks>
internal sealed record GossipMessage
{
    public const int MaxBytes = 1024;
    public const int MaxRumours = 32;
    public const int MaxHeads = 64;
    public const long MaxIncarnation = 1L << 53;

    private const byte SessionFlag = 1;
    private const byte DigestFlag = 2;

    /// <summary>
    /// In a request: the caller wants a session where the two differ. In an answer: it may begin one.
    /// </summary>
    public bool Session { get; init; }

    /// <summary>
    /// The start of a digest of all that the teller holds; null when the other may not learn of all of it.
    /// </summary>
    public ulong? Digest { get; init; }

    public string Address { get; init; } = string.Empty;

    public long Incarnation { get; init; }

    public string Probe { get; init; } = string.Empty;

    public string Reached { get; init; } = string.Empty;

    public IReadOnlyList<MemberRumour> Rumours { get; init; } = [];

    public IReadOnlyList<HeadNews> Heads { get; init; } = [];

    /// <summary>How many bytes a rumour takes, at most.</summary>
    public static int SizeOf(MemberRumour rumour) => System.Text.Encoding.UTF8.GetByteCount(rumour.Address) + 11;

    /// <summary>How many bytes a head takes, at most.</summary>
    public static int SizeOf(HeadNews head) => ReplicaId.Length + (head.Last.Origin.Incarnation == 0 ? 1 : 10) + 17;

    public byte[] ToFrame(byte type)
    {
        using var frame = new WireWriter();
        frame.Byte(type);
        frame.Byte((byte)((Session ? SessionFlag : 0) | (Digest is null ? 0 : DigestFlag)));
        if (Digest is { } digest)
        {
            frame.UInt64(digest);
        }

        frame.Text(Address);
        frame.Integer((ulong)Incarnation);
        frame.Text(Probe);
        frame.Text(Reached);
        frame.Integer((ulong)Rumours.Count);
        foreach (var rumour in Rumours)
        {
            frame.Text(rumour.Address);
            frame.Integer((ulong)rumour.Incarnation);
            frame.Byte((byte)rumour.State);
        }

        frame.Integer((ulong)Heads.Count);
        foreach (var head in Heads)
        {
            frame.Dot(head.Last);
            frame.UInt64(head.Hash);
        }

        return frame.Written.ToArray();
    }

    /// <summary>Reads a frame behind its type; null when it is none, and the reader is broken then.</summary>
    public static GossipMessage? Read(ref WireReader reader)
    {
        if (reader.Remaining > MaxBytes)
        {
            reader.Break("gossip is longer than it may be.");
        }

        var flags = reader.Byte();
        if (flags > (SessionFlag | DigestFlag))
        {
            reader.Break("gossip has flags that are not known.");
        }

        ulong? digest = (flags & DigestFlag) != 0 ? reader.UInt64() : null;
        var (address, incarnation) = (ReadAddress(ref reader, mayBeEmpty: true), ReadIncarnation(ref reader));
        var (probe, reached) = (ReadAddress(ref reader, mayBeEmpty: true), ReadAddress(ref reader, mayBeEmpty: true));
        var rumours = new MemberRumour[reader.Count(MaxRumours, 4)];
        for (var i = 0; i < rumours.Length; i++)
        {
            rumours[i] = ReadRumour(ref reader);
        }

        var heads = new HeadNews[reader.Count(MaxHeads, ReplicaId.Length + 10)];
        for (var i = 0; i < heads.Length; i++)
        {
            heads[i] = new HeadNews(reader.Dot(), reader.UInt64());
        }

        reader.End();
        return reader.IsBroken ? null : new GossipMessage
        {
            Session = (flags & SessionFlag) != 0,
            Digest = digest,
            Address = address,
            Incarnation = incarnation,
            Probe = probe,
            Reached = reached,
            Rumours = rumours,
            Heads = heads,
        };
    }

    private static MemberRumour ReadRumour(ref WireReader reader)
    {
        var (address, incarnation) = (ReadAddress(ref reader, mayBeEmpty: false), ReadIncarnation(ref reader));
        var state = (MemberState)reader.Byte();
        if (!Enum.IsDefined(state))
        {
            reader.Break("a member is in a state that is not known.");
        }

        return new MemberRumour(address, incarnation, state);
    }

    private static long ReadIncarnation(ref WireReader reader)
    {
        var incarnation = reader.Int64();
        if (incarnation > MaxIncarnation)
        {
            reader.Break("an incarnation is out of range.");
        }

        return incarnation;
    }

    private static string ReadAddress(ref WireReader reader, bool mayBeEmpty)
    {
        var bytes = reader.Field(GossipOptions.MaxAddressBytes);
        if (bytes.IsEmpty ? !mayBeEmpty : !EnvelopeRules.IsName(bytes, GossipOptions.MaxAddressBytes))
        {
            reader.Break("an address is empty or has characters that are refused.");
            return string.Empty;
        }

        return System.Text.Encoding.UTF8.GetString(bytes);
    }
}
