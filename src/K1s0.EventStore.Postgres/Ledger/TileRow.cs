using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres;

/// <summary>What a server has of a tile.</summary>
/// <param name="Hashes">The tile; null when it is not there.</param>
/// <param name="StandbySize">The size of the log there, when it is a standby; null when it is the primary.</param>
internal sealed record TileRow(byte[]? Hashes, long? StandbySize)
{
    /// <summary>The tile, if it is there; it may be shorter than it should be.</summary>
    /// <exception cref="StoreUnavailableException">It is of a head that this standby does not have yet.</exception>
    /// <exception cref="TileMissingException">It is not there.</exception>
    public ReadOnlyMemory<byte> Of(MerkleTile tile)
    {
        // Who asks knows of a head that covers it, from another server or from a time ago: no tile of it was lost here.
        if (StandbySize is { } size
            && (size >> (MerkleTile.Height * tile.Level)) < (tile.Index * MerkleTile.FullWidth) + tile.Width)
        {
            throw new StoreUnavailableException(
                string.Create(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"This standby has {size} leaves of the log, and {tile.Path} is about later ones: ask again when "
                    + $"it has caught up, or ask the primary."));
        }

        return Hashes ?? throw new TileMissingException(tile.Path);
    }
}
