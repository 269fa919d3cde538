using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Sync;

/// <summary>The frame that carries events.</summary>
/// <remarks>
/// <code>
/// Events  13 | compression of the rest, 1: see CompressionFormat | length of the rest before that | rest
///
/// rest    number of origins, each: replica id, 16; incarnation
///         number of streams, each: aggregate type, aggregate id; texts with their length
///         number of event types, each a text
///         number of events, at most 10,000; each:
///           origin, its place in the table
///           0 the next in its log after the last of this frame
///           1 another place in its log: sequence; hash of the event before, 32
///           time, as the difference to the event before in the frame, zigzag
///           number of observed, each: origin, its place in the table, ascending; sequence
///           event id, 16; stream; event type; schema version; occurred at in microseconds, zigzag
///           payload, metadata; with their length
///
/// Ahead   17, and the same, in which an event may be a stub: 2 and 3 instead of 0 and 1 for its place, and the
///         digest of its content, 32, in place of all from the event id on
///
/// zigzag  0, -1, 1, -2, ... as 0, 1, 2, 3, ...
/// </code>
/// Hashes are not sent inside of a run: the receiver computes each from the event before, which is its verification.
/// </remarks>
internal static class EventBatchFormat
{
    public const int MaxEvents = 10_000;

    /// <summary>The most bytes of the rest: beside it a frame holds its seal and a few bytes.</summary>
    public const int MaxRestBytes = SyncOptions.MaxFrameBytes - 64;

    // Under it, compressing costs more than it saves.
    private const int LeastToCompress = 200;

    /// <summary>Writes a frame.</summary>
    public static void Write(WireWriter frame, IReadOnlyList<SyncEvent> events, ICompressionCodec codec)
    {
        using var rest = WriteRest(events);
        Write(frame, rest, codec);
    }

    /// <summary>
    /// Writes the part of a frame that may be compressed; longer than a frame when it holds too much.
    /// </summary>
    /// <param name="events">The events.</param>
    /// <param name="isStub">Which of them go without their content, in a frame that goes ahead.</param>
    public static WireWriter WriteRest(IReadOnlyList<SyncEvent> events, Func<SyncEvent, bool>? isStub = null)
    {
        var rest = new WireWriter();
        new EventBatchWriter(rest, isStub).Write(events);
        return rest;
    }

    /// <summary>Writes a frame around that part.</summary>
    public static void Write(
        WireWriter frame, WireWriter rest, ICompressionCodec codec, byte type = FrameType.Events)
    {
        var packed = rest.Length < LeastToCompress ? [] : codec.Compress(rest.Written);
        var isSmaller = packed.Length > 0 && packed.Length < rest.Length;
        frame.Byte(type);
        frame.Byte((byte)(isSmaller ? codec.Format : CompressionFormat.None));
        frame.Integer((ulong)rest.Length);
        frame.Bytes(isSmaller ? packed : rest.Written);
    }

    /// <summary>Reads the part of a frame behind its type; empty when the reader breaks.</summary>
    public static List<SyncEvent> Read(ref WireReader reader)
    {
        if (ReadRest(ref reader) is not { } rest)
        {
            return [];
        }

        var events = new EventBatchReader(rest).Read(out var problem);
        if (problem is not null)
        {
            reader.Break(problem);
        }

        return events;
    }

    /// <summary>Reads the part of a frame that went ahead behind its type; empty when the reader breaks.</summary>
    public static List<EventStub> ReadAhead(ref WireReader reader)
    {
        if (ReadRest(ref reader) is not { } rest)
        {
            return [];
        }

        var stubs = new EventBatchReader(rest, mayHoldStubs: true).ReadStubs(out var problem);
        if (problem is not null)
        {
            reader.Break(problem);
        }

        return stubs;
    }

    // One array, of which the payloads are slices; null when the reader breaks.
    private static byte[]? ReadRest(ref WireReader reader)
    {
        var format = (CompressionFormat)reader.Byte();
        var length = reader.Integer();
        if (reader.IsBroken || length > SyncOptions.MaxFrameBytes)
        {
            reader.Break("a batch is larger than a frame may be.");
            return null;
        }

        if (!Enum.IsDefined(format))
        {
            reader.Break("a batch is compressed in a way that is not known.");
            return null;
        }

        var rest = Unpack(ref reader, format, (int)length);
        if (rest.Length != (int)length)
        {
            reader.Break("a batch has another length than it says.");
            return null;
        }

        return rest;
    }

    private static byte[] Unpack(ref WireReader reader, CompressionFormat format, int length)
    {
        var packed = reader.Bytes(reader.Remaining);
        if (format is CompressionFormat.None)
        {
            return packed.Length == length ? packed.ToArray() : [];
        }

        try
        {
            return CompressionCodecs.OfSystem.For(format).Decompress(packed, length);
        }
        catch (EventStoreException e) when (e is DecompressionException or CompressionUnavailableException)
        {
            reader.Break(e.Message);
            return [];
        }
    }
}
