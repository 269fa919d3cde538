using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Something that is measured for both sides.</summary>
internal interface IScenario
{
    /// <summary>What <c>--only</c> knows it by.</summary>
    string Name { get; }

    /// <summary>The rows that it gives, in order.</summary>
    IReadOnlyList<Figure> Figures { get; }

    /// <summary>Settings of every session of both sides; empty for none.</summary>
    string SessionSettings => string.Empty;

    /// <summary>What is worth a line below the table.</summary>
    IReadOnlyList<string> Notes => [];

    /// <summary>Makes what both sides need; not measured.</summary>
    Task SetUpAsync(BenchmarkDatabase database);

    /// <summary>Measures both sides once, each for about this long; one pair for each figure.</summary>
    /// <param name="duration">How long each side works.</param>
    /// <param name="isOursFirst">Who begins.</param>
    Task<IReadOnlyList<FigurePair>> RepeatAsync(TimeSpan duration, bool isOursFirst);
}
