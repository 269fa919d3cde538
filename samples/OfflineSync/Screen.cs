namespace K1s0.EventStore.Samples.OfflineSync;

/// <inheritdoc/>
internal sealed class Screen(TextWriter output, bool inColour) : SampleScreen(output, inColour)
{
    public void Conflict(string line) => Say($"{Paint(Yellow, "conflict")} {line}");

    /// <summary>One row for each node: what it knows of each log, what nobody else has yet, and what it shows.</summary>
    public void Table(IReadOnlyList<NodeView> nodes)
    {
        string[] heads = ["node", "log", "knows", "unsent", "name", "price", "stock", "tags", "conflicts"];
        var rows = nodes.Select(node => node.Columns).Prepend(heads).ToArray();
        var widths = heads.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            Say(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }
}
