namespace K1s0.EventStore.Conformance;

/// <summary>The place where subscriptions put events aside.</summary>
public abstract class ParkedEventSuite : ConformanceSuite
{
    private string Consumer => $"consumer-{TestKey}";

    [Fact]
    public async Task A_parked_event_comes_back_as_it_was_given()
    {
        var parked = AParked(42, attempts: 3, cause: "Äußerst: schlecht 🙁");

        (await Backend.Parked.ParkAsync(parked, Cancellation)).Should().BeTrue();

        (await ListAsync()).Should().Equal(parked);
    }

    [Fact]
    public async Task Parking_again_keeps_the_place_and_takes_over_a_new_cause_only()
    {
        var parked = AParked(1, attempts: 3, cause: "first");
        await Backend.Parked.ParkAsync(parked, Cancellation);

        (await Backend.Parked.ParkAsync(AParked(1, attempts: 0, cause: null), Cancellation)).Should().BeFalse();
        (await ListAsync()).Should().Equal(parked);

        (await Backend.Parked.ParkAsync(AParked(1, attempts: 6, cause: "second"), Cancellation)).Should().BeFalse();
        (await ListAsync()).Should().Equal(parked with { Attempts = 6, Cause = "second" });
    }

    [Fact]
    public async Task Events_are_listed_in_the_order_of_the_feed_page_by_page()
    {
        foreach (var position in new long[] { 10, 9, 100, 2 })
        {
            await Backend.Parked.ParkAsync(AParked(position), Cancellation);
        }

        var first = await Backend.Parked.ListAsync(Consumer, maxCount: 3, cancellationToken: Cancellation);
        var second = await Backend.Parked.ListAsync(Consumer, first[^1].Position, cancellationToken: Cancellation);

        first.Select(parked => parked.Position.Value).Should().Equal(2, 9, 10);
        second.Select(parked => parked.Position.Value).Should().Equal(100);
    }

    [Fact]
    public async Task An_event_is_taken_out_once_and_only_from_its_consumer()
    {
        var other = AParked(7) with { Consumer = $"other-{TestKey}" };
        await Backend.Parked.ParkAsync(AParked(7), Cancellation);
        await Backend.Parked.ParkAsync(other, Cancellation);

        (await Backend.Parked.RemoveAsync(Consumer, new Position(7), Cancellation)).Should().BeTrue();
        (await Backend.Parked.RemoveAsync(Consumer, new Position(7), Cancellation)).Should().BeFalse();

        (await ListAsync()).Should().BeEmpty();
        (await Backend.Parked.ListAsync(other.Consumer, cancellationToken: Cancellation)).Should().Equal(other);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public async Task A_page_out_of_its_range_is_refused(int maxCount) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Backend.Parked.ListAsync(Consumer, maxCount: maxCount, cancellationToken: Cancellation));

    private Task<IReadOnlyList<ParkedEvent>> ListAsync() =>
        Backend.Parked.ListAsync(Consumer, cancellationToken: Cancellation);

    private ParkedEvent AParked(long position, int attempts = 1, string? cause = "broken") => new(
        Consumer,
        new Position(position),
        new StreamId("order", TestKey),
        new Guid("018f4e3c-0000-7000-8000-000000000001"),
        "ItemAdded",
        attempts,
        cause,
        new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
}
