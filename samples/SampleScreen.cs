namespace K1s0.EventStore.Samples;

/// <summary>Tells the reader what happens, step by step; each sample adds what it alone has to tell.</summary>
internal abstract class SampleScreen(TextWriter output, bool inColour)
{
    protected const string Green = "\e[32m";
    protected const string Red = "\e[1;31m";
    protected const string Yellow = "\e[33m";
    protected const string Faint = "\e[90m";
    private const string Bold = "\e[1;36m";
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

    public void Detail(string line) => Say(Paint(Faint, line));

    public void Ok(string line) => Say($"{Paint(Green, "ok")} {line}");

    public void Fail(string line) => Say($"{Paint(Red, "failed")} {line}");

    public void Close(string line)
    {
        output.WriteLine();
        output.WriteLine(Paint(Green, line));
    }

    protected string Paint(string colour, string text) => inColour ? colour + text + Plain : text;
}
