namespace K1s0.EventStore.Samples.Ledger;

/// <summary>Tells the reader what happens.</summary>
internal sealed class Screen(TextWriter output, bool inColour)
{
    private const string Bold = "\e[1;36m";
    private const string Green = "\e[32m";
    private const string Red = "\e[1;31m";
    private const string Yellow = "\e[33m";
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

    public void Attack(string line) => output.WriteLine($"   {Paint(Yellow, "attack")} {line}");

    public void Caught(StoreFinding finding)
    {
        output.WriteLine($"   {Paint(Green, "caught")} {Paint(Red, finding.Kind.ToString())} {Place(finding)}");
        output.WriteLine($"          {Paint(Faint, $"expected {finding.Expected}")}");
        output.WriteLine($"          {Paint(Faint, $"found    {finding.Found}")}");
    }

    public void Fail(string line) => output.WriteLine($"   {Paint(Red, "failed")} {line}");

    public void Close(string line)
    {
        output.WriteLine();
        output.WriteLine(Paint(Green, line));
    }

    private static string Place(StoreFinding finding) => finding.Stream is null
        ? "the log as a whole"
        : $"{finding.Stream}, version {finding.Version}";

    private string Paint(string colour, string text) => inColour ? colour + text + Plain : text;
}
