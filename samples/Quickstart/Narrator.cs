using System.Globalization;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>Tells the reader what happens, and holds every step to what it claims.</summary>
internal sealed class Narrator(TextWriter output, bool inColour)
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

    public void Open(string title) => output.WriteLine(Paint(Bold, title));

    public void Step(string title)
    {
        _step++;
        output.WriteLine();
        output.WriteLine(Paint(Bold, $"{_step}  {title}"));
    }

    public void Say(string line) => output.WriteLine($"   {line}");

    public void Show(EventEnvelope envelope) => output.WriteLine(
        $"   {Paint(Faint, $"{envelope.StreamId}@{envelope.Version}")} {envelope.EventType} "
        + Paint(Faint, envelope.Payload.GetRawText()));

    /// <summary>Goes on only when the claim holds.</summary>
    /// <exception cref="StepFailedException">It does not.</exception>
    public void Check<T>(string claim, T expected, T actual)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
        {
            throw new StepFailedException($"{claim}: expected {Text(expected)}, got {Text(actual)}");
        }

        output.WriteLine($"   {Paint(Green, "ok")} {claim}: {Text(actual)}");
    }

    public void Fail(string line) => output.WriteLine($"   {Paint(Red, "failed")} {line}");

    public void Close(string line)
    {
        output.WriteLine();
        output.WriteLine(Paint(Green, line));
    }

    private static string Text<T>(T value) =>
        value is null ? "none" : string.Create(CultureInfo.InvariantCulture, $"{value}");

    private string Paint(string colour, string text) => inColour ? colour + text + Plain : text;
}
