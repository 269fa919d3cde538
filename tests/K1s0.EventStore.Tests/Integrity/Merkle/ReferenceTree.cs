using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>
/// The definitions of RFC 6962, section 2.1, written down once more, as recursive as they stand there.
/// </summary>
internal static class ReferenceTree
{
    public static byte[] Root(IReadOnlyList<byte[]> entries) => entries.Count switch
    {
        0 => SHA256.HashData([]),
        1 => SHA256.HashData([0, .. entries[0]]),
        _ => Node(Root(Left(entries)), Root(Right(entries))),
    };

    public static IEnumerable<byte[]> Inclusion(int index, IReadOnlyList<byte[]> entries)
    {
        if (entries.Count == 1)
        {
            return [];
        }

        var middle = Middle(entries);
        return index < middle
            ? Inclusion(index, Left(entries)).Append(Root(Right(entries)))
            : Inclusion(index - middle, Right(entries)).Append(Root(Left(entries)));
    }

    public static IEnumerable<byte[]> Consistency(int first, IReadOnlyList<byte[]> entries, bool isKnown = true)
    {
        if (first == 0)
        {
            return [];
        }

        if (first == entries.Count)
        {
            return isKnown ? [] : [Root(entries)];
        }

        var middle = Middle(entries);
        return first <= middle
            ? Consistency(first, Left(entries), isKnown).Append(Root(Right(entries)))
            : Consistency(first - middle, Right(entries), isKnown: false).Append(Root(Left(entries)));
    }

    /// <summary>The largest nodes without a leaf of [start, end), from left to right.</summary>
    public static IEnumerable<byte[]> Outside(int start, int end, IReadOnlyList<byte[]> entries)
    {
        if (end <= 0 || start >= entries.Count)
        {
            return [Root(entries)];
        }

        if (start <= 0 && end >= entries.Count)
        {
            return [];
        }

        var middle = Middle(entries);
        return [.. Outside(start, end, Left(entries)), .. Outside(start - middle, end - middle, Right(entries))];
    }

    public static byte[][] Entries(int count) => [.. Enumerable.Range(0, count).Select(i => new[] { (byte)i, (byte)7 })];

    public static Sha256Digest[] Digests(IEnumerable<byte[]> hashes) => [.. hashes.Select(Digest)];

    public static Sha256Digest Digest(byte[] hash) => new(hash);

    private static byte[] Node(byte[] left, byte[] right) => SHA256.HashData([1, .. left, .. right]);

    private static byte[][] Left(IReadOnlyList<byte[]> entries) => [.. entries.Take(Middle(entries))];

    private static byte[][] Right(IReadOnlyList<byte[]> entries) => [.. entries.Skip(Middle(entries))];

    private static int Middle(IReadOnlyList<byte[]> entries)
    {
        var middle = 1;
        while (middle * 2 < entries.Count)
        {
            middle *= 2;
        }

        return middle;
    }
}
