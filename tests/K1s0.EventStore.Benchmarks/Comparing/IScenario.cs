using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Something that both sides do for a while, in turns.</summary>
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

    /// <summary>Lets the store work for about this long; one value for each figure.</summary>
    Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration);

    /// <summary>The same for the hand-written side.</summary>
    Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration);
}
