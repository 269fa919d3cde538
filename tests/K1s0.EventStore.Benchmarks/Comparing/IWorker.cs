namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>One of several that do the same thing again and again at the same time.</summary>
internal interface IWorker : IAsyncDisposable
{
    /// <summary>Does it once.</summary>
    /// <returns>How much was done, in the unit of the row.</returns>
    Task<int> StepAsync();
}
