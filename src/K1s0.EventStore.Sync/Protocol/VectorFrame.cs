using System.Buffers.Binary;
using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>The frames in which replicas tell what they know.</summary>
/// <remarks>
/// <code>
/// Digest  10 | digest of everything known, 32 | writes as, 8 | has checkpoint, 1 | checkpoint, 16
/// Same    11
/// Vector  12 | kind: 0 all, 1 what changed since the checkpoint | entries, by ascending origin:
///              origin | sequence | the first 8 bytes of the hash of that event
///
/// digest      SHA-256("k1s0-sync-known/1" | for each origin: 24 bytes, sequence, 8 bytes, hash, 32 bytes); zeros when
///             the side wants its logs repaired
/// writes as   the first 8 bytes of SHA-256("k1s0-sync-self/1" | the origin that the side writes as, 24 bytes)
/// checkpoint  the first 16 bytes of SHA-256 of the encoded vector clock
/// </code>
/// </remarks>
internal static class VectorFrame
{
    public const int CheckpointBytes = 16;

    private const int LeastEntryBytes = ReplicaId.Length + 2 + sizeof(ulong);

    public static Sha256Digest DigestOf(Replica replica, VectorClock known)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("k1s0-sync-known/1"u8);
        Span<byte> entry = stackalloc byte[ReplicaId.Length + (2 * sizeof(ulong)) + Sha256Digest.Length];
        foreach (var dot in known.Entries)
        {
            BinaryPrimitives.WriteUInt128BigEndian(entry, dot.Origin.Replica.Value);
            BinaryPrimitives.WriteUInt64BigEndian(entry[16..], dot.Origin.Incarnation);
            BinaryPrimitives.WriteInt64BigEndian(entry[24..], dot.Sequence);
            replica.HashOf(dot.Origin).CopyTo(entry[32..]);
            hash.AppendData(entry);
        }

        hash.GetHashAndReset(entry);
        return new Sha256Digest(entry[..Sha256Digest.Length]);
    }

    public static byte[] IdOf(VectorClock checkpoint) => SHA256.HashData(checkpoint.ToArray())[..CheckpointBytes];

    /// <summary>Tells two that write as the same origin, and so are copies, without naming it.</summary>
    public static ulong MarkOf(Origin self)
    {
        Span<byte> origin = stackalloc byte[ReplicaId.Length + sizeof(ulong)];
        BinaryPrimitives.WriteUInt128BigEndian(origin, self.Replica.Value);
        BinaryPrimitives.WriteUInt64BigEndian(origin[16..], self.Incarnation);
        return BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData([.. "k1s0-sync-self/1"u8, .. origin]));
    }

    public static void WriteDigest(WireWriter frame, Sha256Digest digest, Origin self, VectorClock? checkpoint)
    {
        frame.Byte(FrameType.Digest);
        frame.Digest(digest);
        frame.UInt64(MarkOf(self));
        frame.Byte((byte)(checkpoint is null ? 0 : 1));
        if (checkpoint is not null)
        {
            frame.Bytes(IdOf(checkpoint));
        }
    }

    /// <summary>The digest, the mark of the peer, and the id of the checkpoint: empty for none.</summary>
    public static (Sha256Digest Digest, ulong Mark, byte[] Checkpoint) ReadDigest(ref WireReader reader)
    {
        var digest = reader.Digest();
        var mark = reader.UInt64();
        var checkpoint = reader.Byte() switch
        {
            0 => [],
            1 => reader.Bytes(CheckpointBytes).ToArray(),
            _ => Broken(ref reader),
        };
        reader.End();
        return (digest, mark, checkpoint);
    }

    public static void WriteVector(WireWriter frame, Replica replica, VectorClock known, VectorClock? since)
    {
        frame.Byte(FrameType.Vector);
        frame.Byte((byte)(since is null ? 0 : 1));
        var count = 0;
        foreach (var dot in known.Entries)
        {
            count += IsTold(dot) ? 1 : 0;
        }

        frame.Integer((ulong)count);
        foreach (var dot in known.Entries)
        {
            if (IsTold(dot))
            {
                frame.Dot(dot);
                frame.UInt64(ShortHash(replica.HashOf(dot.Origin)));
            }
        }

        // Of a log that was another at the checkpoint, the peer may still have the other branch.
        bool IsTold(Dot dot) => since?[dot.Origin] != dot.Sequence || replica.HeadOf(dot.Origin).WasAdopted;
    }

    /// <summary>What the peer knows, and the short hashes of the ends that it named.</summary>
    public static (VectorClock Known, Dictionary<Origin, ulong> Hashes, bool IsChange) ReadVector(
        ref WireReader reader, VectorClock? since)
    {
        var kind = reader.Byte();
        if (kind > 1 || (kind == 1 && since is null))
        {
            reader.Break("a vector is relative to a checkpoint that was not agreed on.");
        }

        var count = reader.Count(ReplicaOptions.MostOrigins, LeastEntryBytes);
        var hashes = new Dictionary<Origin, ulong>(count);
        var dots = new Dot[count];
        for (var i = 0; i < count; i++)
        {
            dots[i] = reader.Dot();
            hashes[dots[i].Origin] = reader.UInt64();
            if (i > 0 && Origin.Compare(dots[i - 1].Origin, dots[i].Origin) >= 0)
            {
                reader.Break("the origins of a vector are not in ascending order.");
            }
        }

        reader.End();
        if (reader.IsBroken)
        {
            return (VectorClock.Empty, [], false);
        }

        var known = VectorClock.Adopt(dots);
        return (kind == 1 ? since!.Merge(known) : known, hashes, kind == 1);
    }

    public static ulong ShortHash(Sha256Digest hash)
    {
        Span<byte> bytes = stackalloc byte[Sha256Digest.Length];
        hash.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    private static byte[] Broken(ref WireReader reader)
    {
        reader.Break("a flag is neither 0 nor 1.");
        return [];
    }
}
