using K1s0.EventStore.Samples.Quickstart.Domain;
using K1s0.EventStore.Samples.Quickstart.Projections;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>The streams of one run, with new names each time: runs on one database do not meet.</summary>
internal sealed class Shop
{
    private readonly string _run;

    public Shop(TimeProvider timeProvider)
    {
        _run = Guid.CreateVersion7(timeProvider.GetUtcNow()).ToString("N");
        First = Order(1);
        Second = Order(2);
        Large = Order(3);
    }

    public StreamId First { get; }

    public StreamId Second { get; }

    /// <summary>An order with enough items for a snapshot.</summary>
    public StreamId Large { get; }

    /// <summary>The name under which the read model's checkpoint is kept.</summary>
    public string SalesConsumer => $"sales-{_run}";

    /// <summary>Lets through the orders of this run.</summary>
    public FeedFilter SalesFilter =>
        new() { StreamTypes = [OrderEvents.StreamType], StreamPrefix = $"{OrderEvents.StreamType}-{_run}" };

    public Sales Sales { get; } = new();

    private StreamId Order(int number) => new(OrderEvents.StreamType, $"{_run}-{number}");
}
