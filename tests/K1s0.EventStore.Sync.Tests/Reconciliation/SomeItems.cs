using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Tests;

internal static class SomeItems
{
    /// <summary>So many items with random keys of 16 bytes.</summary>
    public static MerkleItem[] Many(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => One(random))];

    public static MerkleItem One(Random random)
    {
        var (key, value) = (new byte[16], new byte[Sha256Digest.Length]);
        random.NextBytes(key);
        random.NextBytes(value);
        return new MerkleItem(key, new Sha256Digest(value));
    }

    /// <summary>The same key with another value.</summary>
    public static MerkleItem Changed(MerkleItem item, Random random) => new(item.Key, One(random).Value);

    public static MerkleIndex Empty { get; } = MerkleIndex.Build([]);
}
