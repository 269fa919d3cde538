namespace K1s0.EventStore.Integrity;

/// <summary>One thing that is wrong with a stream.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Version">The first version that is bad.</param>
/// <param name="Expected">What should be there: a digest, an id, a version or a stream.</param>
/// <param name="Found">What is there.</param>
public sealed record StreamFinding(StreamFindingKind Kind, StreamVersion Version, string Expected, string Found)
{
    /// <summary>The finding in one line.</summary>
    public override string ToString() => $"version {Version}: {Kind} (expected {Expected}, found {Found})";
}
