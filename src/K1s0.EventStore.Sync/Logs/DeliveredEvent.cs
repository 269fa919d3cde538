namespace K1s0.EventStore.Sync;

/// <summary>An event whose causes are all there, with what its writer had seen.</summary>
/// <param name="Event">The event.</param>
/// <param name="Context">What its writer had seen of other logs, all of it and not only the news.</param>
public readonly record struct DeliveredEvent(SyncEvent Event, VectorClock Context)
{
    /// <summary>The event's vector clock: its context, and its own log up to itself.</summary>
    public VectorClock Clock => Context.Observe(Event.Dot);

    /// <summary>How this event stands to another; allocates nothing.</summary>
    /// <param name="other">The other event.</param>
    public CausalRelation Compare(DeliveredEvent other)
    {
        var (dot, otherDot) = (Event.Dot, other.Event.Dot);
        return dot == otherDot ? CausalRelation.Equal
            : other.HasSeen(dot) ? CausalRelation.Before
            : HasSeen(otherDot) ? CausalRelation.After
            : CausalRelation.Concurrent;
    }

    /// <summary>Whether the event of a dot is in this event's past, or is this event.</summary>
    internal bool HasSeen(Dot dot) =>
        dot.Origin == Event.Dot.Origin ? dot.Sequence <= Event.Dot.Sequence : Context.Covers(dot);
}
