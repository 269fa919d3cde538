namespace K1s0.EventStore.Sync;

/// <summary>
/// A merge of an application's own. It must depend on its arguments alone, and be commutative, associative and
/// idempotent: otherwise replicas end with different states. <see cref="MergeLaws"/> tries that.
/// </summary>
/// <typeparam name="TState">
/// What an event says, and what several say together. Not changed by either method.
/// </typeparam>
public interface IStateMerge<TState>
{
    /// <summary>What one event says.</summary>
    /// <param name="envelope">The event.</param>
    TState Read(EventEnvelope envelope);

    /// <summary>What two concurrent states say together.</summary>
    /// <param name="left">One state.</param>
    /// <param name="right">The other.</param>
    TState Merge(TState left, TState right);
}
