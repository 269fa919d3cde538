namespace K1s0.EventStore.Samples.Ledger;

/// <inheritdoc/>
internal sealed class Screen(TextWriter output, bool inColour) : SampleScreen(output, inColour)
{
    public void Attack(string line) => Say($"{Paint(Yellow, "attack")} {line}");

    public void Caught(StoreFinding finding)
    {
        Say($"{Paint(Green, "caught")} {Paint(Red, finding.Kind.ToString())} {Place(finding)}");
        Say($"       {Paint(Faint, $"expected {finding.Expected}")}");
        Say($"       {Paint(Faint, $"found    {finding.Found}")}");
    }

    private static string Place(StoreFinding finding) => finding.Stream is null
        ? "the log as a whole"
        : $"{finding.Stream}, version {finding.Version}";
}
