using System.Text;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>The frames in which a replica takes a snapshot from another.</summary>
/// <remarks>
/// <code>
/// Want     30 | name, with its length | schema version | root of the installed one, 32, zeros for none
/// Offer    31 | manifest, see SnapshotFormat
/// None     32 | why, 1: 0 nothing is given, 1 you have it, 2 of another schema version
/// Pull     33 | root, 32 | number, 1 to 256 | chunks, their places in the manifest, ascending
/// Chunk    34 | place | compression of the rest, 1: see CompressionFormat | rest
/// Gone     35 | root, 32                                        this snapshot has been replaced: ask again
///
/// taker (called)                    giver
///   | ------------ Want ------------> |
///   | &lt;--------- Offer, None -------- |
///   | ------------ Pull ------------> |      as much as the taker's window holds is on the way
///   | &lt;--------- Chunk, Gone -------- |
/// </code>
/// The session moves snapshots and nothing else when its first sealed frame is Want; both sides have said in the
/// handshake that they can. Each length is in the manifest, so a chunk that unpacks to more is refused before.
/// </remarks>
internal static class SnapshotFrames
{
    public const int MaxPlaces = 256;

    public const byte NothingGiven = 0;
    public const byte SameRoot = 1;
    public const byte OtherSchema = 2;

    // Under it, compressing costs more than it saves.
    private const int LeastToCompress = 200;

    public static void WriteWant(WireWriter frame, SnapshotRequest request, Sha256Digest installed)
    {
        frame.Byte(FrameType.SnapshotWant);
        frame.Text(request.Name);
        frame.Integer((ulong)request.SchemaVersion);
        frame.Digest(installed);
    }

    public static (string Name, int SchemaVersion, Sha256Digest Installed) ReadWant(ref WireReader reader)
    {
        var name = Encoding.ASCII.GetString(reader.Field(SnapshotLimits.MaxNameLength));
        var (schemaVersion, installed) = (reader.Int64(minimum: 1), reader.Digest());
        reader.End();
        if (!reader.IsBroken && (!SnapshotLimits.IsName(name) || schemaVersion > int.MaxValue))
        {
            reader.Break("a name or a schema version is out of range.");
        }

        return (name, (int)schemaVersion, installed);
    }

    public static void WriteOffer(WireWriter frame, SnapshotManifest manifest)
    {
        frame.Byte(FrameType.SnapshotOffer);
        frame.Bytes(manifest.Encoded);
    }

    /// <summary>The manifest; null when the reader breaks.</summary>
    public static SnapshotManifest? ReadOffer(ref WireReader reader)
    {
        try
        {
            return SnapshotManifest.Decode(reader.Bytes(reader.Remaining));
        }
        catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
        {
            reader.Break(e.Message);
            return null;
        }
    }

    public static void WriteNone(WireWriter frame, byte why)
    {
        frame.Byte(FrameType.SnapshotNone);
        frame.Byte(why);
    }

    public static byte ReadNone(ref WireReader reader)
    {
        var why = reader.Byte();
        reader.End();
        if (why > OtherSchema)
        {
            reader.Break("a reason is none that is known.");
        }

        return why;
    }

    public static void WritePull(WireWriter frame, Sha256Digest root, List<int> places)
    {
        frame.Byte(FrameType.SnapshotPull);
        frame.Digest(root);
        frame.Integer((ulong)places.Count);
        foreach (var place in places)
        {
            frame.Integer((ulong)place);
        }
    }

    public static (Sha256Digest Root, int[] Places) ReadPull(ref WireReader reader)
    {
        var root = reader.Digest();
        var places = new int[reader.Count(MaxPlaces, 1)];
        for (var i = 0; i < places.Length; i++)
        {
            var place = reader.Int64();
            if (place >= SnapshotLimits.MaxChunks || (i > 0 && place <= places[i - 1]))
            {
                reader.Break("the chunks that are pulled do not ascend.");
            }

            places[i] = (int)place;
        }

        reader.End();
        if (places.Length == 0)
        {
            reader.Break("no chunk is pulled.");
        }

        return (root, places);
    }

    public static void WriteChunk(WireWriter frame, int place, ReadOnlySpan<byte> content, ICompressionCodec codec)
    {
        var packed = content.Length < LeastToCompress ? [] : codec.Compress(content);
        var isSmaller = packed.Length > 0 && packed.Length < content.Length;
        frame.Byte(FrameType.SnapshotChunk);
        frame.Integer((ulong)place);
        frame.Byte((byte)(isSmaller ? codec.Format : CompressionFormat.None));
        frame.Bytes(isSmaller ? packed : content);
    }

    /// <summary>The place of a chunk; the rest is for <see cref="ReadContent"/>.</summary>
    public static int ReadPlace(ref WireReader reader)
    {
        var place = reader.Int64();
        if (place >= SnapshotLimits.MaxChunks)
        {
            reader.Break("a place is outside of the manifest.");
        }

        return reader.IsBroken ? 0 : (int)place;
    }

    /// <summary>The content of a chunk; null when it is another, and then the reader is broken.</summary>
    public static byte[]? ReadContent(ref WireReader reader, SnapshotChunk chunk)
    {
        var format = (CompressionFormat)reader.Byte();
        var packed = reader.Bytes(reader.Remaining);
        if (reader.IsBroken || !Enum.IsDefined(format))
        {
            reader.Break("a chunk is compressed in a way that is not known.");
            return null;
        }

        try
        {
            var content = format is CompressionFormat.None
                ? packed.Length == chunk.Length ? packed.ToArray() : []
                : CompressionCodecs.OfSystem.For(format).Decompress(packed, chunk.Length);
            if (chunk.IsMadeOf(content))
            {
                return content;
            }

            reader.Break("a chunk is not what its digest says.");
        }
        catch (EventStoreException e) when (e is DecompressionException or CompressionUnavailableException)
        {
            reader.Break(e.Message);
        }

        return null;
    }

    public static void WriteGone(WireWriter frame, Sha256Digest root)
    {
        frame.Byte(FrameType.SnapshotGone);
        frame.Digest(root);
    }

    public static Sha256Digest ReadGone(ref WireReader reader)
    {
        var root = reader.Digest();
        reader.End();
        return root;
    }
}
