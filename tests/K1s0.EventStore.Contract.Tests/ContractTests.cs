using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Contract.Tests;

/// <summary>Code written to the contract's C# section and nothing else: that it compiles is half of the test.</summary>
[Trait("Row", "K01")]
public sealed class ContractTests
{
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly JsonElement Empty = JsonDocument.Parse("{}").RootElement;

    private readonly IEventStore _store;
    private readonly ISnapshotStore _snapshots;

    public ContractTests()
    {
        var services = new ServiceCollection().AddEventStore().UseInMemory().Services.BuildServiceProvider();
        _store = services.GetRequiredService<IEventStore>();
        _snapshots = services.GetRequiredService<ISnapshotStore>();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_task_of_an_append_is_a_plain_task()
    {
        var streamId = new StreamId("order", "1");

        Task task = _store.AppendAsync(streamId, [AnEvent(streamId)], null, Token);
        await task;
        Task another = _store.AppendAsync(streamId, new List<EventEnvelope> { AnEvent(streamId) }, 1, Token);
        await another;

        Assert.Equal(2, (await _store.LoadAsync(streamId, cancellationToken: Token)).Count);
    }

    [Fact]
    public async Task The_methods_have_the_signatures_of_the_contract()
    {
        var streamId = new StreamId("order", "1");
        Func<StreamId, IEnumerable<EventEnvelope>, long?, CancellationToken, Task> append = _store.AppendAsync;
        Func<StreamId, long, long?, CancellationToken, Task<IReadOnlyList<EventEnvelope>>> load = _store.LoadAsync;
        Func<StreamId, CancellationToken, Task<bool>> exists = _store.ExistsAsync;

        await append(streamId, [AnEvent(streamId)], 0, Token);

        Assert.Single(await load(streamId, 0, null, Token));
        Assert.True(await exists(streamId, Token));
    }

    [Fact]
    public async Task All_arguments_have_the_names_and_the_defaults_of_the_contract()
    {
        var streamId = new StreamId(AggregateType: "order", AggregateId: "1");
        var envelope = AnEvent(streamId);

        // No token on purpose: the defaults are what is shown here.
#pragma warning disable xUnit1051
        await _store.AppendAsync(streamId: streamId, events: [envelope], expectedVersion: 0, cancellationToken: Token);
        await _store.AppendAsync(streamId, Enumerable.Empty<EventEnvelope>());
        await _store.AppendAsync(streamId, [AnEvent(streamId)], expectedVersion: 1);
        var all = await _store.LoadAsync(streamId);
        var some = await _store.LoadAsync(streamId, fromVersion: 2, toVersion: 2);
        var rest = await _store.LoadAsync(streamId, 2);
        var exists = await _store.ExistsAsync(streamId);
#pragma warning restore xUnit1051

        Assert.Equal([1L, 2L], all.Select(loaded => loaded.Version));
        Assert.Equal([2L], some.Select(loaded => loaded.Version));
        Assert.Equal([2L], rest.Select(loaded => loaded.Version));
        Assert.True(exists);
        Assert.False(await _store.ExistsAsync(streamId with { AggregateId = "2" }, Token));
    }

    [Fact]
    public void A_stream_id_is_a_record()
    {
        var streamId = new StreamId("order", "1");

        var (aggregateType, aggregateId) = streamId;

        Assert.Equal(("order", "1"), (aggregateType, aggregateId));
        Assert.Equal("order-1", streamId.ToString());
        Assert.Equal(new StreamId("order", "1"), streamId);
        Assert.NotEqual(streamId, streamId with { AggregateType = "invoice" });
        Assert.True(streamId is ("order", "1"));
    }

    [Fact]
    public void An_event_envelope_is_a_record()
    {
        var (id, streamId) = (Guid.CreateVersion7(), new StreamId("order", "1"));
        var payload = JsonDocument.Parse("""{"total":12.50}""").RootElement;

        var envelope = new EventEnvelope(
            Id: id,
            StreamId: streamId,
            Version: 3,
            EventType: "OrderPlaced",
            Payload: payload,
            Metadata: Empty,
            OccurredAt: Time);
        var (gotId, gotStreamId, version, eventType, gotPayload, metadata, occurredAt) = envelope;

        Assert.Equal((id, streamId, 3L, "OrderPlaced", Time), (gotId, gotStreamId, version, eventType, occurredAt));
        Assert.Equal("12.50", gotPayload.GetProperty("total").GetRawText());
        Assert.Equal(JsonValueKind.Object, metadata.ValueKind);
        Assert.Equal(new EventEnvelope(id, streamId, 3, "OrderPlaced", payload, Empty, Time), envelope);
        Assert.Equal(envelope, envelope with { });
        Assert.Equal(4, (envelope with { Version = 4 }).Version);
        Assert.NotEqual(envelope, envelope with { EventType = "OrderShipped" });
        Assert.Equal(
            (id, streamId, 3L, "OrderPlaced", Time),
            (envelope.Id, envelope.StreamId, envelope.Version, envelope.EventType, envelope.OccurredAt));
        Assert.True(envelope is (_, ("order", _), 3, "OrderPlaced", { ValueKind: JsonValueKind.Object }, _, _));
    }

    [Fact]
    public void A_concurrency_exception_carries_both_versions_and_says_so()
    {
        Exception exception = new ConcurrencyException(2L, 3L);
        var named = new ConcurrencyException(expectedVersion: 5, actualVersion: 7);

        Assert.Equal("Concurrency conflict: expected 2, got 3", exception.Message);
        Assert.Equal((5L, 7L), (named.ExpectedVersion, named.ActualVersion));
    }

    [Fact]
    public async Task A_conflict_is_thrown_with_the_expected_and_the_actual_version()
    {
        var streamId = new StreamId("order", "1");
        await _store.AppendAsync(streamId, [AnEvent(streamId), AnEvent(streamId)], expectedVersion: 0, Token);

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => _store.AppendAsync(streamId, [AnEvent(streamId)], expectedVersion: 1, Token));

        Assert.Equal((1L, 2L), (conflict.ExpectedVersion, conflict.ActualVersion));
        Assert.Equal(2, (await _store.LoadAsync(streamId, cancellationToken: Token)).Count);
    }

    [Fact]
    public async Task What_was_appended_is_loaded_in_order_with_versions_from_one()
    {
        var streamId = new StreamId("order", "1");
        var (first, second) = (AnEvent(streamId), AnEvent(streamId) with { EventType = "OrderShipped" });

        await _store.AppendAsync(streamId, [first, second], cancellationToken: Token);

        Assert.Equal(
            [first with { Version = 1 }, second with { Version = 2 }],
            await _store.LoadAsync(streamId, 0, null, Token));
        Assert.Empty(await _store.LoadAsync(new StreamId("order", "2"), 0, null, Token));
    }

    [Fact]
    public async Task A_snapshot_has_version_and_state()
    {
        var streamId = new StreamId("order", "1");
        await _snapshots.SaveAsync(streamId, 3, new OrderState(12.50m, IsShipped: true), Token);

        var snapshot = await _snapshots.LoadLatestAsync<OrderState>(streamId, Token);

        Assert.NotNull(snapshot);
        Assert.Equal((streamId, 3L), (snapshot.StreamId, snapshot.Version));
        Assert.Equal(new OrderState(12.50m, true), snapshot.State);
        Assert.Null(await _snapshots.LoadLatestAsync<OrderState>(new StreamId("order", "2"), Token));
    }

    private static EventEnvelope AnEvent(StreamId streamId) =>
        new(Guid.CreateVersion7(), streamId, 0, "OrderPlaced", Empty, Empty, Time);
}
