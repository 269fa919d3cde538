namespace K1s0.EventStore;

/// <summary>Events cause each other in a circle, so no order has all causes before their effects.</summary>
public sealed class CausalCycleException : EventStoreException
{
    /// <summary>A circle of causes.</summary>
    /// <param name="cycle">The events of the circle: each before its effect, and the last before the first.</param>
    public CausalCycleException(IReadOnlyList<EventEnvelope> cycle)
        : base(Describe(cycle), innerException: null) => Cycle = cycle;

    /// <summary>The events of the circle: each before its effect, and the last before the first.</summary>
    public IReadOnlyList<EventEnvelope> Cycle { get; }

    private static string Describe(IReadOnlyList<EventEnvelope> cycle)
    {
        ArgumentNullException.ThrowIfNull(cycle);
        const int mostNamed = 10;
        var names = string.Join(", ", cycle.Take(mostNamed).Select(envelope => envelope.ToString()));
        return $"{cycle.Count} events cause each other in a circle: {names}{(cycle.Count > mostNamed ? ", …" : ".")}";
    }
}
