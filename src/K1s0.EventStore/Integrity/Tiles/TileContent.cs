namespace K1s0.EventStore.Integrity;

/// <summary>A tile and its bytes, as they are stored and published. Immutable.</summary>
public sealed class TileContent
{
    /// <summary>A tile with its bytes. The memory is kept, not copied.</summary>
    /// <param name="tile">The place of the tile.</param>
    /// <param name="bytes">32 bytes for each hash of the tile.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit the width.</exception>
    public TileContent(MerkleTile tile, ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length != tile.Width * Sha256Digest.Length)
        {
            throw new ArgumentException($"{bytes.Length} bytes do not fit {tile}.", nameof(bytes));
        }

        (Tile, Bytes) = (tile, bytes);
    }

    /// <summary>The place of the tile.</summary>
    public MerkleTile Tile { get; }

    /// <summary>The hashes, 32 bytes each.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }
}
