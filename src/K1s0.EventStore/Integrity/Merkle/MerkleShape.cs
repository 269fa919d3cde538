using System.Numerics;

namespace K1s0.EventStore.Integrity;

/// <summary>Where the nodes of a tree of a given size are. Ranges of leaves are half-open: [Start, End).</summary>
internal static class MerkleShape
{
    /// <summary>The largest power of two below a number of leaves, which the left child holds.</summary>
    public static long Split(long leaves) => 1L << BitOperations.Log2((ulong)leaves - 1);

    /// <summary>The siblings on the way from a leaf up to the root.</summary>
    public static List<(long Start, long End)> InclusionPath(long index, long size)
    {
        var path = new List<(long Start, long End)>();
        var (start, end) = (0L, size);
        while (end - start > 1)
        {
            var middle = start + Split(end - start);
            (var sibling, (start, end)) = index < middle
                ? ((middle, end), (start, middle))
                : ((start, middle), (middle, end));
            path.Add(sibling);
        }

        path.Reverse();
        return path;
    }

    /// <summary>The nodes that show that the tree of the second size begins with the tree of the first.</summary>
    public static List<(long Start, long End)> ConsistencyPath(long firstSize, long secondSize)
    {
        var path = new List<(long Start, long End)>();
        if (firstSize == 0 || firstSize == secondSize)
        {
            return path;
        }

        var (start, end) = (0L, secondSize);
        while (end != firstSize)
        {
            var middle = start + Split(end - start);
            (var sibling, (start, end)) = firstSize <= middle
                ? ((middle, end), (start, middle))
                : ((start, middle), (middle, end));
            path.Add(sibling);
        }

        // The verifier knows the node already when it is the whole first tree.
        if (start > 0)
        {
            path.Add((start, end));
        }

        path.Reverse();
        return path;
    }

    /// <summary>The largest nodes that hold no leaf of a range, from left to right.</summary>
    public static List<(long Start, long End)> Outside(long rangeStart, long rangeEnd, long size)
    {
        var nodes = new List<(long Start, long End)>();
        Add(0, size);
        return nodes;

        void Add(long start, long end)
        {
            if (end <= rangeStart || start >= rangeEnd)
            {
                nodes.Add((start, end));
            }
            else if (start < rangeStart || end > rangeEnd)
            {
                var middle = start + Split(end - start);
                Add(start, middle);
                Add(middle, end);
            }
        }
    }
}
