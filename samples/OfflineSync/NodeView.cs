using System.Globalization;

namespace K1s0.EventStore.Samples.OfflineSync;

/// <summary>What a node says about itself.</summary>
internal sealed record NodeView(string Name, string Log, string Knows, string Unsent, string Shelf, string Conflicts)
{
    private const char Separator = '\t';

    public string[] Columns =>
    [
        Name, Log, Knows, Unsent, .. Shelf.Split('|'), ConflictCount.ToString(CultureInfo.InvariantCulture),
    ];

    public int ConflictCount => Conflicts.Split('|', StringSplitOptions.RemoveEmptyEntries).Length;

    /// <summary>What an application shows, and so has to be the same everywhere: the values, and who lost against whom.</summary>
    public string State => $"{Knows} {Shelf} {Conflicts}";

    public string Line => string.Join(Separator, Name, Log, Knows, Unsent, Shelf, Conflicts);

    public static NodeView Parse(string line)
    {
        var parts = line.Split(Separator);
        return new NodeView(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
    }
}
