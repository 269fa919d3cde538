using System.Globalization;

namespace K1s0.EventStore.Integrity;

/// <summary>The tiles of a log that was published to, or copied into, a directory. Thread-safe.</summary>
/// <param name="directory">The folder that holds the folder <c>tile</c>.</param>
public sealed class DirectoryTileReader(string directory) : ITileReader
{
    private readonly string _directory = directory ?? throw new ArgumentNullException(nameof(directory));

    /// <inheritdoc/>
    /// <exception cref="InvalidFormatException">A file has another length than its path says.</exception>
    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> tiles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        var contents = new List<ReadOnlyMemory<byte>>(tiles.Count);
        foreach (var tile in tiles)
        {
            // A partial tile may be removed once the full one is there.
            contents.Add(
                await TryReadAsync(tile, cancellationToken).ConfigureAwait(false)
                ?? (tile.IsFull ? null : await TryReadAsync(tile.ToFull(), cancellationToken).ConfigureAwait(false))
                ?? throw new TileMissingException(tile.Path));
        }

        return contents;
    }

    private async Task<ReadOnlyMemory<byte>?> TryReadAsync(MerkleTile tile, CancellationToken cancellationToken)
    {
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(Path.Combine(_directory, tile.Path), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        return bytes.Length == tile.Width * Sha256Digest.Length
            ? bytes
            : throw new InvalidFormatException(
                "tile of a Merkle log",
                string.Create(CultureInfo.InvariantCulture, $"{tile} has {bytes.Length} bytes."));
    }
}
