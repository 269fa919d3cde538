using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>The books that the simulation works on keep the promise that those of a database keep.</summary>
public sealed class SimulatedCatalogTests : ArchiveCatalogSuite
{
    private readonly SimulatedArchive _archive =
        new(new ManualTime(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero)));

    protected override DateTimeOffset Older => new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    protected override DateTimeOffset Old => new(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override Task<(IArchiveCatalog Catalog, ILeaseStore Leases)> CreateAsync() =>
        Task.FromResult<(IArchiveCatalog, ILeaseStore)>((_archive, _archive));

    protected override async Task<IReadOnlyList<EventEnvelope>> AppendAsync(DateTimeOffset month, int count)
    {
        var events = new List<EventEnvelope>();
        for (var number = 0; number < count; number++)
        {
            var stream = new StreamId("order", number % 2 == 0 ? "a" : "b");
            events.AddRange(await _archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", "{\"a\":1}"u8.ToArray(), new EventMetadata())],
                month.AddMinutes(number)));
        }

        return events;
    }

    protected override Task TamperAsync(Position position)
    {
        _archive.Tamper(position, envelope => envelope with { PayloadUtf8 = "{}"u8.ToArray() });
        return Task.CompletedTask;
    }

    protected override Task SubscribeAsync(string consumer, Position? position)
    {
        _archive.Subscriptions[consumer] = position ?? default;
        return Task.CompletedTask;
    }

    protected override Task BeginLedgerAsync() => SealAsync(default);

    protected override Task SealAsync(Position position)
    {
        _archive.Sealed = position;
        return Task.CompletedTask;
    }
}
