namespace K1s0.EventStore.Conformance;

/// <summary>The feed: all events in the order of their positions, page by page, up to the settled bound.</summary>
public abstract class FeedReadingSuite : ConformanceSuite
{
    [Fact]
    public async Task Every_event_stands_in_the_feed_once_in_the_order_of_positions_and_of_every_stream()
    {
        StreamId[] streams = [NewStream(), NewStream(), NewStream()];
        var acknowledged = await InterleavedAsync(streams, rounds: 5);

        var feed = await OwnFeedAsync(acknowledged);

        feed.Select(envelope => envelope.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
        foreach (var stream in streams)
        {
            feed.Where(envelope => envelope.StreamId == stream).Select(StoredEvent.Of)
                .Should().Equal((await LoadAsync(stream)).Select(StoredEvent.Of));
        }

        feed.Should().HaveCount(15);
    }

    [Fact]
    public async Task An_append_that_was_acknowledged_earlier_stands_earlier_in_the_feed()
    {
        var (first, second) = (NewStream(), NewStream());
        var earlier = await Store.AppendAsync(first, SomeEvents(first, 2), cancellationToken: Cancellation);

        var later = await Store.AppendAsync(second, SomeEvents(second, 2), cancellationToken: Cancellation);

        later.FirstPosition.Should().BeGreaterThan(earlier.LastPosition);
        earlier.FirstPosition.Should().BeGreaterThan(FeedStart);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(14)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(FeedPage.MaxEvents)]
    public async Task Pages_of_any_size_put_together_give_the_same_events(int pageSize)
    {
        var acknowledged = await InterleavedAsync([NewStream(), NewStream(), NewStream()], rounds: 5);
        var expected = await OwnFeedAsync(acknowledged);

        var (events, after) = (new List<EventEnvelope>(), FeedStart);
        while (after < acknowledged)
        {
            var page = await Feed.ReadFeedPageAsync(after, OwnEvents, pageSize, Cancellation);
            page.Events.Count.Should().BeLessThanOrEqualTo(pageSize);
            page.ReadTo.Should().BeGreaterThan(after, "a reader must get on");
            events.AddRange(page.Events);
            after = page.ReadTo;
        }

        events.Should().Equal(expected);
    }

    [Fact]
    public async Task A_page_without_a_filter_holds_everything_behind_its_start()
    {
        var acknowledged = await InterleavedAsync([NewStream(), NewStream()], rounds: 2);
        await SettledAsync(acknowledged);

        var events = new List<EventEnvelope>();
        await foreach (var envelope in Feed.ReadFeedAsync(FeedStart, cancellationToken: Cancellation))
        {
            events.Add(envelope);
        }

        events.Where(OwnEvents.Matches).Should().Equal(await OwnFeedAsync(acknowledged));
        events.Select(envelope => envelope.Position).Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task A_page_that_is_full_continues_behind_its_last_event()
    {
        var acknowledged = await InterleavedAsync([NewStream()], rounds: 4);
        await SettledAsync(acknowledged);

        var page = await Feed.ReadFeedPageAsync(FeedStart, OwnEvents, maxCount: 3, Cancellation);
        var next = await Feed.ReadFeedPageAsync(page.ReadTo, OwnEvents, maxCount: 3, Cancellation);

        page.Events.Select(envelope => envelope.Version).Should().Equal(1, 2, 3);
        page.ReadTo.Should().Be(page.Events[^1].Position);
        next.Events.Select(envelope => envelope.Version).Should().Equal(4);
    }

    [Fact]
    public async Task A_page_moves_past_the_events_that_its_filter_holds_back()
    {
        var acknowledged = await InterleavedAsync([NewStream(), NewStream()], rounds: 3);
        await SettledAsync(acknowledged);

        var page = await Feed.ReadFeedPageAsync(
            FeedStart, OwnEvents with { EventTypes = ["NothingLikeThis"] }, maxCount: 2, Cancellation);

        page.Events.Should().BeEmpty();
        page.ReadTo.Should().BeGreaterThanOrEqualTo(acknowledged);
        page.ReadTo.Should().Be(page.SettledBound);
        page.IsAtEnd.Should().BeTrue();
    }

    [Fact]
    public async Task No_page_goes_beyond_its_settled_bound_and_the_bound_never_goes_back()
    {
        var stream = NewStream();
        var (after, bound) = (FeedStart, FeedStart);
        for (var i = 0; i < 10; i++)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, 2), cancellationToken: Cancellation);
            var page = await Feed.ReadFeedPageAsync(after, filter: null, maxCount: 3, Cancellation);

            Assert.All(page.Events, envelope => Assert.True(envelope.Position <= page.SettledBound));
            page.ReadTo.Should().BeLessThanOrEqualTo(page.SettledBound);
            page.SettledBound.Should().BeGreaterThanOrEqualTo(bound);
            (after, bound) = (page.ReadTo, page.SettledBound);
        }
    }

    [Fact]
    public async Task What_a_reader_has_read_up_to_the_bound_is_never_added_to_later()
    {
        var stream = await StreamWithAsync(3);
        var bound = await SettledAsync((await LoadAsync(stream))[^1].Position);

        var later = await Store.AppendAsync(stream, SomeEvents(stream, 2), cancellationToken: Cancellation);

        later.FirstPosition.Should().BeGreaterThan(bound);
        (await OwnFeedAsync(later.LastPosition)).Where(envelope => envelope.Position <= bound).Should().HaveCount(3);
    }

    [Fact]
    public async Task Reading_behind_the_end_gives_an_empty_page_that_stays_where_it_is()
    {
        var beyond = new Position(long.MaxValue);

        var page = await Feed.ReadFeedPageAsync(beyond, cancellationToken: Cancellation);

        page.Events.Should().BeEmpty();
        page.ReadTo.Should().Be(beyond);
        page.SettledBound.Should().BeLessThan(beyond);
        page.IsAtEnd.Should().BeTrue();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_sequence_ends_at_the_bound_of_the_moment_when_reading_began(int pageSize)
    {
        var stream = await StreamWithAsync(4);
        await SettledAsync((await LoadAsync(stream))[^1].Position);

        var versions = new List<long>();
        await foreach (var envelope in Feed.ReadFeedAsync(FeedStart, OwnEvents, pageSize, Cancellation))
        {
            versions.Add(envelope.Version);
            await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);
        }

        versions.Should().Equal(1, 2, 3, 4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(FeedPage.MaxEvents + 1)]
    [InlineData(int.MaxValue)]
    public async Task A_page_size_out_of_its_range_is_refused(int pageSize)
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Feed.ReadFeedPageAsync(Position.Start, null, pageSize, Cancellation));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => { _ = Feed.ReadFeedAsync(Position.Start, null, pageSize, Cancellation); });
    }

    [Fact]
    public async Task A_store_keeps_its_identity()
    {
        var identity = await Feed.GetIdentityAsync(Cancellation);
        await using var another = await Backend.OpenAnotherAsync();

        identity.StoreId.Should().NotBe(Guid.Empty);
        identity.Epoch.Should().BeGreaterThanOrEqualTo(1);
        (await Feed.GetIdentityAsync(Cancellation)).Should().Be(identity);
        (await another.Feed.GetIdentityAsync(Cancellation)).Should().Be(identity);
    }

    [Fact]
    public async Task Another_instance_reads_the_same_feed()
    {
        var acknowledged = await InterleavedAsync([NewStream(), NewStream()], rounds: 3);
        var expected = (await OwnFeedAsync(acknowledged)).Select(StoredEvent.Of).ToArray();
        await using var another = await Backend.OpenAnotherAsync();

        var page = await another.Feed.ReadFeedPageAsync(FeedStart, OwnEvents, cancellationToken: Cancellation);

        page.Events.Select(StoredEvent.Of).Should().Equal(expected);
    }

    // One event to each stream in turn; returns the last position.
    private async Task<Position> InterleavedAsync(IReadOnlyList<StreamId> streams, int rounds)
    {
        var acknowledged = Position.Start;
        for (var round = 0; round < rounds; round++)
        {
            foreach (var stream in streams)
            {
                var result = await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);
                acknowledged = result.LastPosition;
            }
        }

        return acknowledged;
    }
}
