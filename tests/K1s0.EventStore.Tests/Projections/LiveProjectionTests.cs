namespace K1s0.EventStore.Tests;

public sealed class LiveProjectionTests
{
    private static readonly LiveProjection<long> Versions = new(0, (sum, envelope) => sum + envelope.Version);

    private readonly InMemoryEventStore _store = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_is_folded_from_its_first_event_to_its_last()
    {
        await AppendAsync("order", "1", 3);
        await AppendAsync("order", "2", 2);

        (await Versions.ReadAsync(_store, new StreamId("order", "1"), Cancellation))
            .Should().Be(new ProjectedState<long>(6, new Position(3), 3));
        (await Versions.ReadAsync(_store, new StreamId("order", "none"), Cancellation))
            .Should().Be(new ProjectedState<long>(0, Position.Start, 0));
    }

    [Fact]
    [Trait("Row", "X02")]
    public async Task Several_streams_are_folded_in_the_order_of_the_feed_and_a_later_call_goes_on()
    {
        var seen = new LiveProjection<string>(string.Empty, (text, one) => text + one.StreamId.AggregateId + one.Version);
        var orders = new FeedFilter { StreamTypes = ["order"] };
        await AppendAsync("order", "a", 1);
        await AppendAsync("order", "b", 2);
        await AppendAsync("order", "a", 1);
        await AppendAsync("invoice", "c", 1);

        var first = await seen.ReadAsync(_store, orders, cancellationToken: Cancellation);
        await AppendAsync("order", "b", 1);
        var second = await seen.ReadAsync(_store, orders, first, Cancellation);

        first.Should().Be(new ProjectedState<string>("a1b1b2a2", new Position(5), 4));
        second.Should().Be(new ProjectedState<string>("a1b1b2a2b3", new Position(6), 5));
        (await seen.ReadAsync(_store, orders, second, Cancellation)).Should().Be(second);
    }

    [Fact]
    public async Task A_feed_of_more_than_one_page_is_folded_whole()
    {
        for (var batch = 0; batch < 5; batch++)
        {
            await AppendAsync("order", "1", 500);
        }

        var folded = await Versions.ReadAsync(_store, cancellationToken: Cancellation);

        folded.Should().Be(new ProjectedState<long>(2_500L * 2_501 / 2, new Position(2_500), 2_500));
    }

    private Task<AppendResult> AppendAsync(string type, string id, int count)
    {
        var stream = new StreamId(type, id);
        return _store.AppendAsync(
            stream,
            [.. Enumerable.Range(0, count).Select(_ => EventEnvelope.Create(stream, "A", "{}"u8.ToArray()))],
            cancellationToken: Cancellation);
    }
}
