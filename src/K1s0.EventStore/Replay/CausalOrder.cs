namespace K1s0.EventStore;

/// <summary>
/// Brings events of several streams, or of several stores, into one order in which causes come before their effects.
/// </summary>
/// <remarks>
/// An event comes behind the event that its metadata's <c>causationId</c> names, when that one is among the events, and
/// behind all earlier versions of its stream (events that are not stored yet, version 0, have no such place).
/// Everything that this leaves open is ordered by <see cref="EventEnvelope.OccurredAt"/>, then stream, version and id,
/// so the same events always give the same order, however they come in.
/// </remarks>
public static class CausalOrder
{
    /// <summary>Orders events.</summary>
    /// <param name="events">
    /// The events. One that comes twice, the same content with the same id, is there once afterwards.
    /// </param>
    /// <returns>All events, causes before effects.</returns>
    /// <exception cref="CausalCycleException">Events cause each other; the exception names them.</exception>
    /// <exception cref="EventIdReusedException">Two events with different content have the same id.</exception>
    public static IReadOnlyList<EventEnvelope> Sort(IEnumerable<EventEnvelope> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var byId = new Dictionary<Guid, EventEnvelope>();
        foreach (var envelope in events)
        {
            ArgumentNullException.ThrowIfNull(envelope, nameof(events));
            if (!byId.TryAdd(envelope.Id, envelope) && byId[envelope.Id] != envelope)
            {
                throw new EventIdReusedException(envelope.Id);
            }
        }

        return new CausalGraph([.. byId.Values.Order(CausalTie.Comparer)]).Sort();
    }
}
