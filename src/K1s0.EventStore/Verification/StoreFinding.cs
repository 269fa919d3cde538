using System.Globalization;

namespace K1s0.EventStore;

/// <summary>One thing that is wrong with a store. Immutable.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Stream">The stream; null when it is about no stream.</param>
/// <param name="Version">The version in the stream; 0 when it is about no event.</param>
/// <param name="Position">The position; 0 when it is about no event that is there.</param>
/// <param name="Expected">What should be there.</param>
/// <param name="Found">What is there.</param>
public sealed record StoreFinding(
    StoreFindingKind Kind,
    StreamId? Stream,
    StreamVersion Version,
    Position Position,
    string Expected,
    string Found)
{
    /// <summary>The finding in one line.</summary>
    public override string ToString()
    {
        var place = Stream is null
            ? Position == Position.Start ? "the log" : string.Create(CultureInfo.InvariantCulture, $"{Position}")
            : string.Create(CultureInfo.InvariantCulture, $"{Stream} version {Version} at position {Position}");
        return $"{Kind}: {place}: expected {Expected}, found {Found}";
    }
}
