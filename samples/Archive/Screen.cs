namespace K1s0.EventStore.Samples.Archive;

/// <summary>Tells the reader what happens.</summary>
internal sealed class Screen(TextWriter output, bool inColour)
{
    private const string Bold = "\e[1;36m";
    private const string Green = "\e[32m";
    private const string Red = "\e[1;31m";
    private const string Faint = "\e[90m";
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

    public void Detail(string line) => output.WriteLine($"   {Paint(Faint, line)}");

    public void Ok(string line) => output.WriteLine($"   {Paint(Green, "ok")} {line}");

    public void Caught(string line) => output.WriteLine($"   {Paint(Green, "caught")} {line}");

    public void Fail(string line) => output.WriteLine($"   {Paint(Red, "failed")} {line}");

    public void Close(string line)
    {
        output.WriteLine();
        output.WriteLine(Paint(Green, line));
    }

    private string Paint(string colour, string text) => inColour ? $"{colour}{text}{Plain}" : text;
}
