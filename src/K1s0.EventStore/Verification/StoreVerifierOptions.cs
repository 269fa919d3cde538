using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore;

/// <summary>What a verification may take of the machine.</summary>
/// <remarks>
/// Memory: about 500 bytes for each of <see cref="MaxStreams"/>, and three pages of <see cref="PageSize"/> events. It
/// does not grow with the store: where there are more streams, the feed is read several times.
/// </remarks>
public sealed class StoreVerifierOptions
{
    /// <summary>How many streams are verified side by side; with 1, reading and hashing take turns too.</summary>
    /// <value>The number of processors by default; 1 to 64.</value>
    [Range(1, 64)]
    public int Lanes { get; set; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>The most streams that are followed at the same time; beyond, the feed is read once more.</summary>
    /// <value>100,000 by default, about 50 MB; 16 to 10,000,000.</value>
    [Range(16, 10_000_000)]
    public int MaxStreams { get; set; } = 100_000;

    /// <summary>How many events are read at a time.</summary>
    /// <value>1,000 by default; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int PageSize { get; set; } = 1_000;

    /// <summary>How many findings are kept; all are counted.</summary>
    /// <value>1,000 by default; 1 to 100,000.</value>
    [Range(1, 100_000)]
    public int MaxFindings { get; set; } = 1_000;
}
