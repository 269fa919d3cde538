namespace K1s0.EventStore;

/// <summary>What happened to an aggregate since it was loaded, in order. Not thread-safe, like its aggregate.</summary>
/// <typeparam name="TEvent">What all of its events have in common.</typeparam>
public sealed class Changes<TEvent>
    where TEvent : notnull
{
    private readonly List<TEvent> _recorded = [];
    private readonly Action<TEvent> _apply;

    /// <summary>No changes yet.</summary>
    /// <param name="apply">The aggregate's <see cref="IAggregate{TEvent}.Apply"/>.</param>
    public Changes(Action<TEvent> apply)
    {
        ArgumentNullException.ThrowIfNull(apply);
        _apply = apply;
    }

    /// <summary>The events, in order.</summary>
    public IReadOnlyList<TEvent> Recorded => _recorded;

    /// <summary>Something happened: the aggregate applies it, and it will be appended.</summary>
    /// <param name="happened">The event.</param>
    public void Record(TEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        _apply(happened);
        _recorded.Add(happened);
    }
}
