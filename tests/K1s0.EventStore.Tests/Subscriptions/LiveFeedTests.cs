using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class LiveFeedTests : IDisposable
{
    private static readonly StreamId Stream = new("order", "1");

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly InMemoryEventStore _store;
    private readonly CountingFeed _feed;
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));

    public LiveFeedTests()
    {
        _store = new InMemoryEventStore(timeProvider: _time);
        _feed = new CountingFeed(_store);
    }

    [Fact]
    [Trait("Row", "I14")]
    public async Task All_that_wait_share_one_question_and_get_the_same_events()
    {
        using var live = new LiveFeed(_feed, timeProvider: _time);
        var waiting = Enumerable.Range(0, 50).Select(_ => live.NextAsync(Position.Start, _limit.Token).AsTask()).ToArray();
        await _feed.AskedAsync(1, _limit.Token);

        await AppendAsync(2);
        live.Ring();
        var pages = await Task.WhenAll(waiting);

        pages.Should().AllSatisfy(page => page!.Events.Select(e => e.Version).Should().Equal(1, 2));
        _feed.Asked.Should().BeLessThanOrEqualTo(3, "one question found nothing, one the events, one may be ahead");
    }

    [Fact]
    public async Task Without_a_ring_the_poll_interval_finds_what_is_new()
    {
        using var live = new LiveFeed(
            _feed, new LiveFeedOptions { PollInterval = TimeSpan.FromSeconds(5) }, _time);
        var waiting = live.NextAsync(Position.Start, _limit.Token).AsTask();
        await _feed.AskedAsync(1, _limit.Token);
        await AppendAsync(1);

        // The timer is set a moment after the answer.
        while (!waiting.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        (await waiting)!.Events.Should().ContainSingle();
    }

    [Fact]
    public void With_a_doorbell_it_asks_seldom_until_somebody_rings_and_often_for_a_second_then()
    {
        var options = new LiveFeedOptions
        {
            PollInterval = TimeSpan.FromMilliseconds(10),
            RestingPollInterval = TimeSpan.FromMinutes(1),
        };
        using var live = new LiveFeed(_feed, options, _time);
        live.Ring();
        _time.Advance(TimeSpan.FromHours(1));
        live.Interval.Should().Be(options.PollInterval, "nobody promised to ring");

        live.HasDoorbell = true;
        live.Interval.Should().Be(options.PollInterval, "what came before the doorbell is looked for");
        _time.Advance(TimeSpan.FromSeconds(1));
        live.Interval.Should().Be(options.RestingPollInterval);
        live.Ring();
        _time.Advance(TimeSpan.FromSeconds(0.9));
        live.Interval.Should().Be(options.PollInterval, "the event may be held back for a moment");
        _time.Advance(TimeSpan.FromSeconds(0.1));
        live.Interval.Should().Be(options.RestingPollInterval);

        live.HasDoorbell = false;
        _time.Advance(TimeSpan.FromHours(1));
        live.Interval.Should().Be(options.PollInterval, "the listener is gone");
    }

    [Fact]
    public async Task Who_is_further_behind_than_the_buffer_is_told_to_read_for_itself_and_joins_again()
    {
        using var live = new LiveFeed(_feed, new LiveFeedOptions { BufferedEvents = 3, PageSize = 2 }, _time);
        await AppendAsync(10);
        for (var at = Position.Start; at.Value < 10; at = (await live.NextAsync(at, _limit.Token))!.ReadTo)
        {
            // The fast one goes to the end.
        }

        (await live.NextAsync(Position.Start, _limit.Token)).Should().BeNull();

        var rest = await live.NextAsync(new Position(9), _limit.Token);
        rest!.Events.Select(e => e.Version).Should().Equal(10);
        (rest.ReadTo, rest.IsAtEnd).Should().Be((new Position(10), true));
    }

    [Fact]
    public async Task Nobody_waiting_means_nobody_asking()
    {
        using var live = new LiveFeed(_feed, timeProvider: _time);
        using var leaving = new CancellationTokenSource();
        var waiting = live.NextAsync(Position.Start, leaving.Token).AsTask();
        await _feed.AskedAsync(1, _limit.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        live.Ring();
        _time.Advance(TimeSpan.FromMinutes(1));
        var asked = _feed.Asked;
        _time.Advance(TimeSpan.FromMinutes(1));

        _feed.Asked.Should().Be(asked).And.BeLessThanOrEqualTo(2);
    }

    [Fact]
    [Trait("Row", "I14")]
    public async Task What_was_read_for_somebody_who_has_left_makes_nobody_wait_for_the_next_poll()
    {
        using var live = new LiveFeed(_feed, timeProvider: _time);
        using var leaving = new CancellationTokenSource();
        await AppendAsync(3);
        _feed.Gate = new TaskCompletionSource();
        var first = live.NextAsync(new Position(3), leaving.Token).AsTask();
        await _feed.AtGateAsync(1, _limit.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        // Somebody who is further on waits while that question is under way, which goes to the end of the feed.
        await AppendAsync(2);
        var second = live.NextAsync(new Position(5), _limit.Token).AsTask();
        await AppendAsync(1);
        _feed.Gate.SetResult();

        (await second)!.Events.Select(e => e.Version).Should().Equal(6);
    }

    [Fact]
    public async Task A_question_that_fails_is_told_to_all_that_wait_and_the_next_one_asks_again()
    {
        using var live = new LiveFeed(_feed, timeProvider: _time);
        _feed.Failure = new StoreUnavailableException("broken by the test");

        var waiting = Enumerable.Range(0, 3).Select(_ => live.NextAsync(Position.Start, _limit.Token).AsTask()).ToArray();
        foreach (var one in waiting)
        {
            (await Assert.ThrowsAsync<StoreUnavailableException>(() => one)).Should().BeSameAs(_feed.Failure);
        }

        _feed.Failure = null;
        await AppendAsync(1);
        (await live.NextAsync(Position.Start, _limit.Token))!.Events.Should().ContainSingle();
    }

    [Fact]
    public async Task A_feed_that_ends_before_what_was_read_has_lost_events()
    {
        using var live = new LiveFeed(_feed, timeProvider: _time);
        await AppendAsync(3);

        var lost = await Assert.ThrowsAsync<FeedDivergedException>(
            () => live.NextAsync(new Position(7), _limit.Token).AsTask());

        (lost.Position.Value, lost.SettledBound.Value).Should().Be((7, 3));
    }

    [Theory]
    [InlineData(0, 1, 1, 1)]
    [InlineData(1, 0, 1, 1)]
    [InlineData(1, 10_001, 1, 1)]
    [InlineData(1, 1, 0, 1)]
    [InlineData(1, 1, 1, 0)]
    public void Options_out_of_their_range_are_refused(int pollMilliseconds, int pageSize, int buffered, int resting)
    {
        var options = new LiveFeedOptions
        {
            PollInterval = TimeSpan.FromMilliseconds(pollMilliseconds),
            PageSize = pageSize,
            BufferedEvents = buffered,
            RestingPollInterval = TimeSpan.FromMilliseconds(resting),
        };

        Assert.Throws<ArgumentException>(() => new LiveFeed(_feed, options));
    }

    public void Dispose() => _limit.Dispose();

    private async Task AppendAsync(int count)
    {
        for (var number = 0; number < count; number++)
        {
            await _store.AppendAsync(Stream, [EventEnvelope.Create(Stream, "A", "{}"u8.ToArray())]);
        }
    }
}
