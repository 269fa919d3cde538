namespace K1s0.EventStore.Samples.Archive;

/// <inheritdoc/>
internal sealed class Screen(TextWriter output, bool inColour) : SampleScreen(output, inColour)
{
    public void Caught(string line) => Say($"{Paint(Green, "caught")} {line}");
}
