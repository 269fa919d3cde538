using System.Globalization;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>Some events as lines and as a batch.</summary>
/// <param name="Name">Which events.</param>
/// <param name="Events">How many.</param>
/// <param name="ContentBytes">Their lines.</param>
/// <param name="StoredBytes">The object, with filters and index.</param>
internal sealed record CompressedCorpus(string Name, int Events, long ContentBytes, long StoredBytes)
{
    /// <summary>How much smaller the object is, in percent.</summary>
    public double SmallerPercent => 100 * (1 - (StoredBytes / (double)ContentBytes));

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name}: {ContentBytes / (double)Events:0} bytes an event, {SmallerPercent:0.0} % smaller");
}
