namespace K1s0.EventStore.Benchmarks.Aggregates;

/// <summary>The state: what all events of an order add up to, and its last lines.</summary>
internal sealed record OrderTotals(int Events, long Quantity, long Cents, string City, IReadOnlyList<OrderLine> Last)
{
    public static OrderTotals None { get; } = new(0, 0, 0, string.Empty, []);

    /// <summary>The same fold for both sides.</summary>
    public static OrderTotals Evolve(OrderTotals state, OrderHappened happened) => new(
        state.Events + 1,
        state.Quantity + happened.Lines.Sum(line => line.Quantity),
        state.Cents + happened.Lines.Sum(line => (long)line.Cents * line.Quantity),
        happened.Customer?.City ?? state.City,
        happened.Lines);
}
