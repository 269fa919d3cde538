namespace K1s0.EventStore.Samples.Projections;

/// <summary>Tells the reader what happens.</summary>
internal sealed class Narrator(TextWriter output, bool inColour)
{
    private const string Bold = "\e[1;36m";
    private const string Green = "\e[32m";
    private const string Red = "\e[1;31m";
    private const string Yellow = "\e[33m";
    private const string Plain = "\e[0m";

    /// <summary>Colours belong on a terminal, and only when the user has not asked for none (no-color.org).</summary>
    public static bool IsColourWanted =>
        !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

    public void Open(string title) => output.WriteLine(Paint(Bold, title));

    public void Say(string line) => output.WriteLine($"   {line}");

    public void Kill(string line) => output.WriteLine($"   {Paint(Yellow, "killed")}  {line}");

    public void Hold(string line) => output.WriteLine($"   {Paint(Green, "ok")}      {line}");

    public void Fail(string line) => output.WriteLine($"   {Paint(Red, "failed")}  {line}");

    private string Paint(string colour, string text) => inColour ? colour + text + Plain : text;
}
