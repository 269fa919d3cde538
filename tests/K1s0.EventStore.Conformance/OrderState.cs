namespace K1s0.EventStore.Conformance;

/// <summary>The state of an aggregate, for snapshots.</summary>
public sealed class OrderState
{
    public string Customer { get; set; } = "";

    public decimal Total { get; set; }

    public DateTimeOffset? ShippedAt { get; set; }

    public IList<string> Lines { get; init; } = [];
}
