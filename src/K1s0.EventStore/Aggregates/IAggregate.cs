namespace K1s0.EventStore;

/// <summary>An aggregate as a class: its methods decide, and record what happened in <see cref="Changes"/>.</summary>
/// <typeparam name="TEvent">What all of its events have in common.</typeparam>
public interface IAggregate<TEvent>
    where TEvent : notnull
{
    /// <summary>
    /// What happened since the aggregate was loaded; made in the constructor, <c>new Changes&lt;TEvent&gt;(Apply)</c>.
    /// </summary>
    Changes<TEvent> Changes { get; }

    /// <summary>Takes in what happened, loaded or recorded just now. It never refuses.</summary>
    /// <param name="happened">The event.</param>
    void Apply(TEvent happened);
}
