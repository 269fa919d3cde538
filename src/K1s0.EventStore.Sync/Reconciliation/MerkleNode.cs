namespace K1s0.EventStore.Sync;

/// <summary>A node of the tree: all items whose position begins with these bits, two for each level.</summary>
/// <param name="Depth">0 for the root, to 32.</param>
/// <param name="Path">The bits, in the lower end.</param>
internal readonly record struct MerkleNode(int Depth, ulong Path)
{
    public const int FanOut = 4;
    public const int BitsPerLevel = 2;
    public const int MaxDepth = 64 / BitsPerLevel;

    public static MerkleNode Root => default;

    /// <summary>The first position inside.</summary>
    public ulong First => Depth == 0 ? 0 : Path << (64 - (BitsPerLevel * Depth));

    /// <summary>The last position inside.</summary>
    public ulong Last => Depth == MaxDepth ? First : First | (ulong.MaxValue >> (BitsPerLevel * Depth));

    public MerkleNode Child(int index) => new(Depth + 1, (Path << BitsPerLevel) | (uint)index);

    public static void Write(WireWriter writer, MerkleNode node)
    {
        writer.Byte((byte)node.Depth);
        writer.Integer(node.Path);
    }

    public static MerkleNode Read(ref WireReader reader)
    {
        var (depth, path) = (reader.Byte(), reader.Integer());
        if (depth > MaxDepth || (depth < MaxDepth && path >> (BitsPerLevel * depth) != 0))
        {
            reader.Break("there is no such node.");
            return default;
        }

        return new MerkleNode(depth, path);
    }
}
