namespace K1s0.EventStore.Sync;

/// <summary>
/// How events on one key are resolved when neither knew of the other. A resolution is a view of the events and never an
/// event itself, so replicas that have the same events have the same resolution. Immutable.
/// </summary>
public abstract class ConflictPolicy
{
    private protected ConflictPolicy(string name) => Name = name;

    /// <summary>The event that is last in <see cref="EventOrder"/> wins: by time, then by replica.</summary>
    public static ConflictPolicy LastWriteWins { get; } = new RegisterPolicy("last-write-wins", RegisterRule.Last);

    /// <summary>
    /// The event that the authority accepted first wins: a change made online goes before one made offline meanwhile.
    /// What the authority has not accepted yet goes behind, by <see cref="EventOrder"/>. See
    /// <see cref="ConflictRules.Authority"/>.
    /// </summary>
    public static ConflictPolicy OnlineWins { get; } = new RegisterPolicy("online-wins", RegisterRule.Accepted);

    /// <summary>No event wins: all stand side by side until a later event knows of them.</summary>
    public static ConflictPolicy AllValues { get; } = new RegisterPolicy("all-values", RegisterRule.All);

    /// <summary>The name, for people and logs.</summary>
    public string Name { get; }

    /// <summary>Every event counts, in whatever order: the value is the sum.</summary>
    /// <param name="delta">By how much an event changes the value; must depend on the event alone.</param>
    public static ConflictPolicy Counter(Func<EventEnvelope, long> delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new CounterPolicy(delta);
    }

    /// <summary>A set of which an element is part when somebody added it who did not know of its removal.</summary>
    /// <param name="change">What an event does; must depend on the event alone.</param>
    public static ConflictPolicy Set(Func<EventEnvelope, SetChange> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new SetPolicy(change);
    }

    /// <summary>Concurrent events are merged by the application.</summary>
    /// <typeparam name="TState">What an event says, and what several say together.</typeparam>
    /// <param name="merge">The merge; try it with <see cref="MergeLaws"/>.</param>
    public static ConflictPolicy Merge<TState>(IStateMerge<TState> merge)
    {
        ArgumentNullException.ThrowIfNull(merge);
        return new MergePolicy<TState>(merge);
    }

    /// <summary>The state of one key under this policy.</summary>
    internal abstract KeyState NewState(ConflictKey key);
}
