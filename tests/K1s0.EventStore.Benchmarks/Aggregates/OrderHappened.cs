namespace K1s0.EventStore.Benchmarks.Aggregates;

/// <summary>What the sample events hold, as an application decodes it.</summary>
internal abstract class OrderHappened
{
    public string Order { get; set; } = string.Empty;

    public OrderCustomer? Customer { get; set; }

    public IReadOnlyList<OrderLine> Lines { get; set; } = [];

    public string Currency { get; set; } = string.Empty;

    public string Note { get; set; } = string.Empty;
}
