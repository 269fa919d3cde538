namespace K1s0.EventStore.Conformance;

/// <summary>The place where subscriptions put events aside.</summary>
public abstract class ParkedEventSuite : ConformanceSuite
{
    private string Consumer => $"consumer-{TestKey}";

    [Fact]
    public async Task A_parked_event_comes_back_as_it_was_given()
    {
        var parked = AParked(42, attempts: 3, cause: "Äußerst: schlecht 🙁");

        (await ParkAsync(parked)).Should().BeTrue();

        (await ListAsync()).Should().Equal(parked);
    }

    [Fact]
    public async Task Parking_again_keeps_the_place_and_takes_over_a_new_cause_only()
    {
        var parked = AParked(1, attempts: 3, cause: "first");
        await ParkAsync(parked);

        (await ParkAsync(AParked(1, attempts: 0, cause: null))).Should().BeFalse();
        (await ListAsync()).Should().Equal(parked);

        (await ParkAsync(AParked(1, attempts: 6, cause: "second"))).Should().BeFalse();
        (await ListAsync()).Should().Equal(parked with { Attempts = 6, Cause = "second" });
    }

    [Fact]
    public async Task Events_are_listed_in_the_order_of_the_feed_page_by_page()
    {
        foreach (var position in new long[] { 10, 9, 100, 2 })
        {
            await ParkAsync(AParked(position));
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
        await ParkAsync(AParked(7));
        await ParkAsync(other);

        (await Backend.Parked.RemoveAsync(Consumer, new Position(7), Cancellation)).Should().BeTrue();
        (await Backend.Parked.RemoveAsync(Consumer, new Position(7), Cancellation)).Should().BeFalse();

        (await ListAsync()).Should().BeEmpty();
        (await Backend.Parked.ListAsync(other.Consumer, cancellationToken: Cancellation)).Should().Equal(other);
    }

    // B17. What a former owner does when it wakes up is refused where it is written.
    [Fact]
    [Trait("Row", "X04")]
    [Trait("PeerBug", "B17")]
    public async Task Who_was_taken_over_parks_nothing_and_changes_nothing_that_is_parked()
    {
        var former = await Checkpoints.ClaimAsync(Consumer, "former", Cancellation);
        await Backend.Parked.ParkAsync(AParked(1), former, Cancellation);
        var owner = await Checkpoints.ClaimAsync(Consumer, "owner", Cancellation);

        foreach (var late in new Func<Task>[]
        {
            () => Backend.Parked.ParkAsync(AParked(1, attempts: 9, cause: "late"), former, Cancellation),
            () => Backend.Parked.ParkAsync(AParked(2), former, Cancellation),
            () => Backend.Parked.UpdateAsync(AParked(1, attempts: 9, cause: "late"), former, Cancellation),
        })
        {
            var conflict = await Assert.ThrowsAsync<CheckpointConflictException>(late);
            (conflict.Consumer, conflict.ExpectedEpoch, conflict.ActualEpoch)
                .Should().Be((Consumer, former.Epoch, owner.Epoch));
        }

        (await ListAsync()).Should().Equal(AParked(1));
        (await Backend.Parked.ParkAsync(AParked(2), owner, Cancellation)).Should().BeTrue();
    }

    [Fact]
    public async Task Nobody_parks_for_a_consumer_that_was_never_claimed_or_for_another_one()
    {
        var claim = await Checkpoints.ClaimAsync($"other-{TestKey}", "owner", Cancellation);

        await Assert.ThrowsAsync<CheckpointConflictException>(() => Backend.Parked.ParkAsync(
            AParked(1), claim with { Consumer = Consumer, Epoch = 7 }, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(
            () => Backend.Parked.ParkAsync(AParked(1), claim, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(
            () => Backend.Parked.UpdateAsync(AParked(1), claim, Cancellation));

        (await ListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task An_event_that_fails_again_gets_its_new_attempts_and_one_that_was_taken_out_stays_out()
    {
        var owner = await Checkpoints.ClaimAsync(Consumer, "owner", Cancellation);
        await Backend.Parked.ParkAsync(AParked(1), owner, Cancellation);
        var again = AParked(1, attempts: 4, cause: "again");

        (await Backend.Parked.UpdateAsync(again, owner, Cancellation)).Should().BeTrue();
        (await ListAsync()).Should().Equal(again);

        await Backend.Parked.RemoveAsync(Consumer, again.Position, Cancellation);
        (await Backend.Parked.UpdateAsync(again, owner, Cancellation)).Should().BeFalse();
        (await ListAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_001)]
    public async Task A_page_out_of_its_range_is_refused(int maxCount) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Backend.Parked.ListAsync(Consumer, maxCount: maxCount, cancellationToken: Cancellation));

    private async Task<bool> ParkAsync(ParkedEvent parked) => await Backend.Parked.ParkAsync(
        parked, await Checkpoints.ClaimAsync(parked.Consumer, "owner", Cancellation), Cancellation);

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
