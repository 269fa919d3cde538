namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>Looks for new events again and again. Used by one thread at a time.</summary>
internal interface IFollower : IAsyncDisposable
{
    /// <summary>Asks once; the ids of the events that came since the last time.</summary>
    Task<IReadOnlyList<Guid>> PollAsync();
}
