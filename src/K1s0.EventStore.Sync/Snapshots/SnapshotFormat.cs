using System.Globalization;
using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>The bytes of a manifest. Version 1.</summary>
/// <remarks>
/// <code>
/// manifest    header | for each chunk its digest, 32 | root, 32
///
/// header      version, 1: 1
///             name, with its length
///             schema version, 1 or more
///             number of entries
///             number of heads, each by ascending origin, none twice:
///               replica id, 16; incarnation; sequence, 1 or more; hash of that event, 32; its time, 1 or more
///             for each head, what its writer had seen of other logs: number, each by ascending origin:
///               how many heads are between it and the one before, or before it; how far it is behind the head
///             number of chunks, each: length
///
/// root        Merkle root (RFC 6962): the first leaf is the header, the others are the contents of the chunks, so the
///             digest of a chunk is its leaf hash
/// </code>
/// Integers are canonical, see WireReader. A state without entries has no chunks. The layout is published: it is never
/// edited.
/// </remarks>
internal static class SnapshotFormat
{
    private const string FormatName = "snapshot";
    private const byte FormatVersion = 1;
    private const int LeastHeadBytes = ReplicaId.Length + 3 + Sha256Digest.Length;
    private const int LeastChunkBytes = Sha256Digest.Length + 1;

    // A byte on the wire is two dozen in memory.
    private const int MaxSeen = 262_144;

    /// <summary>Puts a manifest together.</summary>
    /// <exception cref="ArgumentException">Something is out of range, or all of it is too large.</exception>
    public static SnapshotManifest Create(SnapshotHeader header, IReadOnlyList<SnapshotChunk> chunks)
    {
        using var writer = new WireWriter();
        var heads = header.Heads.OrderBy(head => head.Last.Origin, Comparer<Origin>.Create(Origin.Compare)).ToArray();
        header = header with { Heads = heads };
        WriteHeader(writer, header);
        writer.Integer((ulong)chunks.Count);
        foreach (var chunk in chunks)
        {
            writer.Integer((ulong)chunk.Length);
        }

        var root = RootOf(writer.Written, chunks);
        foreach (var chunk in chunks)
        {
            writer.Digest(chunk.Digest);
        }

        writer.Digest(root);
        Check(header, chunks, writer.Length);
        return new SnapshotManifest(header, chunks, root, writer.Written.ToArray());
    }

    // Says which of its parts is too large: the state, or who has seen whom.
    private static void Check(SnapshotHeader header, IReadOnlyList<SnapshotChunk> chunks, int manifestBytes)
    {
        var bytes = chunks.Sum(chunk => (long)chunk.Length);
        var seen = header.Heads.Sum(head => (long)head.Context.Count);
        var problem = chunks.Count > SnapshotLimits.MaxChunks
            ? Problem("The state takes more than {1} chunks", chunks.Count, SnapshotLimits.MaxChunks)
            : bytes > SnapshotLimits.MaxBytes
                ? Problem("The state has {0} bytes, and {1} are allowed", bytes, SnapshotLimits.MaxBytes)
            : seen > MaxSeen
                ? Problem(
                    "The {2} origins of the frontier have seen {0} ends of each other's logs, and {1} are allowed, as "
                    + "many as of some 512 origins that have all seen each other",
                    seen,
                    MaxSeen,
                    header.Heads.Count)
            : manifestBytes > SnapshotLimits.MaxManifestBytes
                ? Problem(
                    "The manifest has {0} bytes, and {1} are allowed", manifestBytes, SnapshotLimits.MaxManifestBytes)
            : null;
        if (problem is not null)
        {
            throw new ArgumentException(problem, nameof(header));
        }
    }

    private static string Problem(string format, params object[] numbers) =>
        string.Format(CultureInfo.InvariantCulture, format, numbers) + ": no snapshot can be made of it.";

    public static SnapshotManifest Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > SnapshotLimits.MaxManifestBytes)
        {
            throw new InvalidFormatException(FormatName, "its manifest is too large.");
        }

        var reader = new WireReader(bytes);
        var version = reader.Byte();
        if (!reader.IsBroken && version != FormatVersion)
        {
            throw new UnsupportedFormatException(FormatName, version, FormatVersion);
        }

        var header = ReadHeader(ref reader);
        var lengths = ReadLengths(ref reader);
        var headerBytes = bytes[..(bytes.Length - reader.Remaining)];
        var chunks = ReadChunks(ref reader, lengths);
        var root = reader.Digest();
        reader.End();
        if (!reader.IsBroken && root != RootOf(headerBytes, chunks))
        {
            reader.Break("it does not add up to its root.");
        }

        return reader.IsBroken
            ? throw new InvalidFormatException(FormatName, reader.Problem)
            : new SnapshotManifest(header, chunks, root, bytes.ToArray());
    }

    private static Sha256Digest RootOf(ReadOnlySpan<byte> header, IReadOnlyList<SnapshotChunk> chunks)
    {
        var tree = new MerkleTree();
        tree.Append(MerkleHash.Leaf(header));
        foreach (var chunk in chunks)
        {
            tree.Append(chunk.Digest);
        }

        return tree.Root;
    }

    private static void WriteHeader(WireWriter writer, SnapshotHeader header)
    {
        writer.Byte(FormatVersion);
        writer.Text(header.Name);
        writer.Integer((ulong)header.SchemaVersion);
        writer.Integer((ulong)header.EntryCount);
        writer.Integer((ulong)header.Heads.Count);
        var places = new Dictionary<Origin, int>();
        foreach (var head in header.Heads)
        {
            places.Add(head.Last.Origin, places.Count);
            writer.Dot(head.Last);
            writer.Digest(head.Hash);
            writer.Integer((ulong)head.Time.Value);
        }

        foreach (var head in header.Heads)
        {
            var next = 0;
            writer.Integer((ulong)head.Context.Count);
            foreach (var seen in head.Context.Entries)
            {
                var place = places.GetValueOrDefault(seen.Origin, -1);
                if (place < 0 || header.Heads[place].Last.Sequence < seen.Sequence)
                {
                    throw new ArgumentException($"The frontier lacks {seen}, on which it builds.", nameof(header));
                }

                writer.Integer((ulong)(place - next));
                writer.Integer((ulong)(header.Heads[place].Last.Sequence - seen.Sequence));
                next = place + 1;
            }
        }
    }

    private static SnapshotHeader ReadHeader(ref WireReader reader)
    {
        var name = Encoding.ASCII.GetString(reader.Field(SnapshotLimits.MaxNameLength));
        if (!reader.IsBroken && !SnapshotLimits.IsName(name))
        {
            reader.Break("its name has characters that are refused.");
        }

        var (schemaVersion, entries) = (reader.Int64(minimum: 1), reader.Int64());
        if (schemaVersion > int.MaxValue)
        {
            reader.Break("its schema version is out of range.");
        }

        var ends = new (Dot Last, Sha256Digest Hash, HybridTime Time)[
            reader.Count(ReplicaOptions.MostOrigins, LeastHeadBytes)];
        for (var i = 0; i < ends.Length; i++)
        {
            ends[i] = (reader.Dot(), reader.Digest(), new HybridTime(reader.Int64(minimum: 1)));
            if (i > 0 && Origin.Compare(ends[i - 1].Last.Origin, ends[i].Last.Origin) >= 0)
            {
                reader.Break("its heads are not in ascending order.");
            }
        }

        var (heads, seen) = (new OriginHead[ends.Length], 0);
        for (var i = 0; i < ends.Length && !reader.IsBroken; i++)
        {
            var context = ReadContext(ref reader, ends, i, MaxSeen - seen);
            heads[i] = new OriginHead(ends[i].Last, ends[i].Hash, ends[i].Time, context);
            seen += context.Count;
        }

        return new SnapshotHeader(name, (int)schemaVersion, entries, reader.IsBroken ? [] : heads);
    }

    private static VectorClock ReadContext(
        ref WireReader reader, (Dot Last, Sha256Digest Hash, HybridTime Time)[] ends, int self, int most)
    {
        var seen = new Dot[reader.Count(Math.Min(ends.Length - 1, most), 2)];
        var next = 0UL;
        for (var i = 0; i < seen.Length; i++)
        {
            var gap = reader.Integer();
            var lag = reader.Int64();
            if (reader.IsBroken || gap >= (ulong)ends.Length || next + gap >= (ulong)ends.Length
                || next + gap == (ulong)self || lag >= ends[next + gap].Last.Sequence)
            {
                reader.Break("what a writer had seen is not in the frontier.");
                return VectorClock.Empty;
            }

            var last = ends[next + gap].Last;
            seen[i] = last with { Sequence = last.Sequence - lag };
            next += gap + 1;
        }

        return VectorClock.Adopt(seen);
    }

    private static int[] ReadLengths(ref WireReader reader)
    {
        var lengths = new int[reader.Count(SnapshotLimits.MaxChunks, LeastChunkBytes)];
        var left = SnapshotLimits.MaxBytes;
        for (var i = 0; i < lengths.Length && !reader.IsBroken; i++)
        {
            var length = reader.Int64(minimum: 1);
            if (length > SnapshotLimits.MaxChunkBytes || (left -= length) < 0)
            {
                reader.Break("its chunks are too large.");
            }

            lengths[i] = (int)length;
        }

        return reader.IsBroken ? [] : lengths;
    }

    private static SnapshotChunk[] ReadChunks(ref WireReader reader, int[] lengths)
    {
        var (chunks, known) = (new SnapshotChunk[lengths.Length], new HashSet<Sha256Digest>(lengths.Length));
        for (var i = 0; i < chunks.Length; i++)
        {
            chunks[i] = new SnapshotChunk(reader.Digest(), lengths[i]);
            if (!known.Add(chunks[i].Digest))
            {
                reader.Break("a chunk stands there twice.");
            }
        }

        return chunks;
    }
}
