using System.Globalization;

namespace K1s0.EventStore.Integrity;

/// <summary>Paths after C2SP tlog-tiles: groups of three digits, of which all but the last begin with an x.</summary>
internal static class TilePath
{
    private const int GroupSize = 1000;

    public static string Format(string folder, long index, int width)
    {
        var path = Group(index);
        for (var rest = index / GroupSize; rest > 0; rest /= GroupSize)
        {
            path = $"x{Group(rest)}/{path}";
        }

        return width == MerkleTile.FullWidth
            ? $"tile/{folder}/{path}"
            : string.Create(CultureInfo.InvariantCulture, $"tile/{folder}/{path}.p/{width}");
    }

    private static string Group(long index) => (index % GroupSize).ToString("000", CultureInfo.InvariantCulture);
}
