namespace K1s0.EventStore.Samples.OfflineSync;

/// <summary>Tells the reader what happens.</summary>
internal sealed class Screen(TextWriter output, bool inColour)
{
    private const string Bold = "\e[1;36m";
    private const string Green = "\e[32m";
    private const string Red = "\e[1;31m";
    private const string Yellow = "\e[33m";
    private const string Plain = "\e[0m";

    private int _step;

    /// <summary>Colours belong on a terminal, and only when the user has not asked for none (no-color.org).</summary>
    public static bool IsColourWanted =>
        !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    public void Step(string title)
    {
        _step++;
        output.WriteLine();
        output.WriteLine(Paint(Bold, $"{_step}  {title}"));
    }

    public void Say(string line) => output.WriteLine($"   {line}");

    public void Conflict(string line) => output.WriteLine($"   {Paint(Yellow, "conflict")} {line}");

    public void Ok(string line) => output.WriteLine($"   {Paint(Green, "ok")} {line}");

    public void Fail(string line) => output.WriteLine($"   {Paint(Red, "failed")} {line}");

    /// <summary>One row for each node: what it knows of each log, what nobody else has yet, and what it shows.</summary>
    public void Table(IReadOnlyList<NodeView> nodes)
    {
        string[] heads = ["node", "log", "knows", "unsent", "name", "price", "stock", "tags", "conflicts"];
        var rows = nodes.Select(node => node.Columns).Prepend(heads).ToArray();
        var widths = heads.Select((_, column) => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            output.WriteLine("   " + string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        }
    }

    private string Paint(string colour, string text) => inColour ? colour + text + Plain : text;
}
