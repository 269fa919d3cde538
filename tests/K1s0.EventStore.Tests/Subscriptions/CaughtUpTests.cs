using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class CaughtUpTests : IDisposable
{
    private static readonly StreamId Stream = new("order", "1");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CancellationTokenSource _limit = new(Patience);
    private readonly InMemoryEventStore _store = new();
    private readonly InMemoryCheckpointStore _checkpoints;
    private readonly LiveFeed _live;

    public CaughtUpTests()
    {
        _checkpoints = new InMemoryCheckpointStore(_store);
        _live = new LiveFeed(_store);
    }

    [Fact]
    public async Task A_wait_ends_when_the_event_is_handled_and_not_before()
    {
        var release = new TaskCompletionSource();
        var handler = new RecordingHandler((_, token) => release.Task.WaitAsync(token));
        await using var running = Start(handler);
        var appended = await AppendAsync(2);

        var first = running.Subscription.WaitUntilCaughtUpAsync(appended.FirstPosition, Patience, _limit.Token);
        var last = running.Subscription.WaitUntilCaughtUpAsync(appended.LastPosition, Patience, _limit.Token);
        await running.StatusAsync(status => status.State is SubscriptionState.Live);
        (first.IsCompleted || last.IsCompleted).Should().BeFalse();
        release.SetResult();
        await Task.WhenAll(first, last);

        handler.Handled.Should().HaveCount(2);
        await running.Subscription.WaitUntilCaughtUpAsync(appended.LastPosition, TimeSpan.Zero, _limit.Token);
    }

    [Fact]
    public async Task A_wait_that_begins_before_the_subscription_runs_ends_with_it()
    {
        var appended = await AppendAsync(3);
        var subscription = Subscribe(new RecordingHandler());
        var wait = subscription.WaitUntilCaughtUpAsync(appended.LastPosition, Patience, _limit.Token);
        wait.IsCompleted.Should().BeFalse();

        await using var running = new RunningSubscription(subscription, _limit.Token);

        await wait;
        subscription.GetStatus().Position.Should().BeGreaterThanOrEqualTo(appended.LastPosition);
    }

    [Fact]
    public async Task An_event_that_the_filter_holds_back_is_caught_up_with_as_well()
    {
        await using var running = Start(
            new RecordingHandler(), options => options.Filter = new FeedFilter { EventTypes = ["other"] });
        var appended = await AppendAsync(1);

        await running.Subscription.WaitUntilCaughtUpAsync(appended.LastPosition, Patience, _limit.Token);

        running.Subscription.GetStatus().HandledEvents.Should().Be(0);
    }

    [Fact]
    public async Task A_wait_that_takes_too_long_says_where_the_subscription_stands()
    {
        var appended = await AppendAsync(5);
        var subscription = Subscribe(new RecordingHandler());

        var wait = subscription.WaitUntilCaughtUpAsync(appended.LastPosition, TimeSpan.FromSeconds(3), _limit.Token);
        _time.Advance(TimeSpan.FromSeconds(2.9));
        wait.IsCompleted.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(0.1));
        var late = await Assert.ThrowsAsync<SubscriptionBehindException>(() => wait);

        (late.Subscription, late.Awaited, late.Reached, late.IsTransient)
            .Should().Be((subscription.Name, appended.LastPosition, Position.Start, true));
    }

    [Fact]
    public async Task A_subscription_that_ends_for_good_tells_those_who_wait_why()
    {
        var release = new TaskCompletionSource();
        await using var running = Start(
            new RecordingHandler(async (_, token) =>
            {
                await release.Task.WaitAsync(token);
                throw new HandlerBrokenException();
            }),
            options => (options.OnFailure, options.MaxAttempts) = (FailureAction.StopAll, 1));
        var appended = await AppendAsync(1);
        var wait = running.Subscription.WaitUntilCaughtUpAsync(appended.LastPosition, Patience, _limit.Token);
        release.SetResult();

        var ended = await Assert.ThrowsAsync<SubscriptionBehindException>(() => wait);
        await Assert.ThrowsAsync<SubscriptionStoppedException>(() => running.Ended);
        var later = await Assert.ThrowsAsync<SubscriptionBehindException>(
            () => running.Subscription.WaitUntilCaughtUpAsync(appended.LastPosition, Patience, _limit.Token));

        ended.InnerException.Should().BeOfType<SubscriptionStoppedException>();
        later.InnerException.Should().BeSameAs(ended.InnerException);
        ended.IsTransient.Should().BeFalse();
    }

    [Fact]
    public async Task A_wait_can_be_given_up_and_waits_out_of_range_are_refused()
    {
        var subscription = Subscribe(new RecordingHandler());
        using var stop = new CancellationTokenSource();
        var wait = subscription.WaitUntilCaughtUpAsync(new Position(1), Patience, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => subscription.WaitUntilCaughtUpAsync(new Position(1), TimeSpan.FromTicks(-1), stop.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => _checkpoints.WaitUntilCaughtUpAsync(
                "x", new Position(1), TimeSpan.FromDays(2), cancellationToken: stop.Token));
    }

    [Fact]
    public async Task A_checkpoint_is_asked_for_at_each_interval_until_it_is_there_or_the_time_is_over()
    {
        var identity = await _store.GetIdentityAsync(_limit.Token);
        var claim = await _checkpoints.ClaimAsync("elsewhere", "test", _limit.Token);
        var wait = Wait(new Position(4));
        claim = await _checkpoints.SaveAsync(claim, new Checkpoint(new Position(3), identity), _limit.Token);
        _time.Advance(Interval);
        wait.IsCompleted.Should().BeFalse();

        await _checkpoints.SaveAsync(claim, new Checkpoint(new Position(4), identity), _limit.Token);
        while (!wait.IsCompleted)
        {
            _limit.Token.ThrowIfCancellationRequested();

            // Only while somebody waits for it: otherwise the time could be over before the checkpoint was asked for.
            if (_time.IsAwaited(Interval))
            {
                _time.Advance(Interval);
            }

            await Task.Yield();
        }

        await wait;
        var tooLate = Wait(new Position(5));
        while (!tooLate.IsCompleted)
        {
            _limit.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var late = await Assert.ThrowsAsync<SubscriptionBehindException>(() => tooLate);
        late.Reached.Value.Should().Be(4);

        Task Wait(Position position) => _checkpoints.WaitUntilCaughtUpAsync(
            "elsewhere", position, Patience, timeProvider: _time, cancellationToken: _limit.Token);
    }

    public void Dispose()
    {
        _live.Dispose();
        _limit.Dispose();
    }

    private RunningSubscription Start(RecordingHandler handler, Action<SubscriptionOptions>? configure = null) =>
        new(Subscribe(handler, configure), _limit.Token);

    // The clock that stands is that of the waits alone: the feed is read by the system's.
    private Subscription Subscribe(RecordingHandler handler, Action<SubscriptionOptions>? configure = null)
    {
        var options = new SubscriptionOptions();
        configure?.Invoke(options);
        return new Subscription("follower", handler, _live, _checkpoints, options, timeProvider: _time);
    }

    private Task<AppendResult> AppendAsync(int count) => _store.AppendAsync(
        Stream, [.. Enumerable.Range(0, count).Select(_ => EventEnvelope.Create(Stream, "A", "{}"u8.ToArray()))]);
}
