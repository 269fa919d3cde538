using System.Globalization;

namespace K1s0.EventStore.Archive;

/// <summary>The positions that the key of a batch names (see <see cref="EventBatch.Key"/>).</summary>
internal static class BatchKey
{
    public const string Folder = "events/";

    private const int Digits = 20;

    /// <summary>Null when the key is no batch's.</summary>
    public static (Position First, Position Last)? TryParse(ObjectKey key)
    {
        var name = key.Value[(key.Value.LastIndexOf('/') + 1)..];
        return key.Value.StartsWith(Folder, StringComparison.Ordinal)
            && (name.EndsWith(".batch.zst", StringComparison.Ordinal)
                || name.EndsWith(".batch.br", StringComparison.Ordinal))
            && name.Length > (2 * Digits) + 2
            && name[Digits] == '-'
            && name[(2 * Digits) + 1] == '-'
            && Number(name[..Digits]) is { } first
            && Number(name[(Digits + 1)..((2 * Digits) + 1)]) is { } last
            ? (new Position(first), new Position(last))
            : null;
    }

    private static long? Number(string digits) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
