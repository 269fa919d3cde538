using System.Diagnostics.Metrics;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore.Tests;

public sealed class SubscriptionHealthTests : IAsyncLifetime
{
    private static readonly StreamId Stream = new("order", "1");

    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));
    private readonly List<RunningSubscription> _running = [];
    private readonly InMemoryEventStore _store;
    private readonly CountingFeed _feed;
    private readonly LiveFeed _live;

    public SubscriptionHealthTests()
    {
        _store = new InMemoryEventStore(timeProvider: _time);
        _feed = new CountingFeed(_store);
        _live = new LiveFeed(_feed, timeProvider: _time);
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    [Trait("Row", "I14")]
    public async Task The_lag_is_the_age_of_the_oldest_event_that_is_not_handled()
    {
        var release = new TaskCompletionSource();
        var handler = new RecordingHandler((_, token) => release.Task.WaitAsync(token));
        await AppendAsync();
        var running = Start(handler);
        await running.StatusAsync(status => status.State is SubscriptionState.Live);
        _time.Advance(TimeSpan.FromSeconds(90));
        await AppendAsync();

        running.Subscription.GetStatus().Lag.Should().Be(TimeSpan.FromSeconds(90));
        MeasuredLag(running.Subscription.Name).Should().Be(90);
        var health = await CheckAsync(running.Subscription);
        health.Status.Should().Be(HealthStatus.Degraded);
        health.Description.Should().Contain("90 s");

        release.SetResult();
        _live.Ring();
        await handler.HandledAsync(2, _limit.Token);
        await running.StatusAsync(status => status.Position.Value == 2 && status.Lag == TimeSpan.Zero);
        (await CheckAsync(running.Subscription)).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_reader_that_is_cut_off_does_not_look_well()
    {
        var running = Start(new RecordingHandler());
        await _feed.AskedAsync(1, _limit.Token);
        await running.StatusAsync(status => status.State is SubscriptionState.Live);
        _feed.Failure = new StoreUnavailableException("broken by the test");

        _live.Ring();
        await running.StatusAsync(status => status.State is SubscriptionState.Restarting);
        var dead = await CheckAsync(running.Subscription);
        _time.Advance(TimeSpan.FromMinutes(3));

        dead.Status.Should().Be(HealthStatus.Degraded);
        dead.Description.Should().Contain("broken by the test");
        running.Subscription.GetStatus().Lag.Should().BeGreaterThanOrEqualTo(TimeSpan.FromMinutes(3));
        running.Subscription.GetStatus().Restarts.Should().BeGreaterThanOrEqualTo(1);

        _feed.Failure = null;
        while (running.Subscription.GetStatus().State is not SubscriptionState.Live)
        {
            _limit.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(30));
            _live.Ring();
            await Task.Yield();
        }

        // From here on the clock stands: one more answer, and nothing is behind.
        _live.Ring();
        await running.StatusAsync(status => status is { State: SubscriptionState.Live, Lag.Ticks: 0 });
        (await CheckAsync(running.Subscription)).Status.Should().Be(HealthStatus.Healthy);
    }

    [Fact]
    public async Task A_stopped_stream_is_named_and_a_subscription_that_ended_is_unhealthy()
    {
        await AppendAsync();
        var stopped = Start(new RecordingHandler((_, _) => throw new HandlerBrokenException()), Once);
        await stopped.StatusAsync(status => status.StoppedKeys.Count == 1);

        var degraded = await CheckAsync(stopped.Subscription);
        degraded.Status.Should().Be(HealthStatus.Degraded);
        degraded.Description.Should().Contain(Stream.ToString()).And.Contain(nameof(HandlerBrokenException));
        degraded.Exception.Should().BeOfType<HandlerBrokenException>();

        var ended = Start(
            new RecordingHandler((_, _) => throw new HandlerBrokenException()),
            options =>
            {
                Once(options);
                options.OnFailure = FailureAction.StopAll;
            });
        await Assert.ThrowsAsync<SubscriptionStoppedException>(() => ended.Ended);
        var unhealthy = await CheckAsync(stopped.Subscription, ended.Subscription);
        unhealthy.Status.Should().Be(HealthStatus.Unhealthy);
        unhealthy.Exception.Should().NotBeNull();
    }

    [Fact]
    public async Task An_attempt_waits_twice_as_long_as_the_one_before_up_to_the_limit()
    {
        var options = new SubscriptionOptions
        {
            RetryDelay = TimeSpan.FromSeconds(1),
            MaxRetryDelay = TimeSpan.FromSeconds(5),
            MaxAttempts = 5,
        };
        Enumerable.Range(1, 5).Select(failures => options.DelayAfter(failures).TotalSeconds)
            .Should().Equal(1, 2, 4, 5, 5);
        options.DelayAfter(int.MaxValue).Should().Be(options.MaxRetryDelay);

        await AppendAsync();
        var times = new List<DateTimeOffset>();
        var handler = new RecordingHandler((_, _) =>
        {
            times.Add(_time.GetUtcNow());
            return times.Count < 5 ? throw new HandlerBrokenException() : Task.CompletedTask;
        });
        var running = Start(handler, configured =>
            (configured.RetryDelay, configured.MaxRetryDelay) = (options.RetryDelay, options.MaxRetryDelay));
        var handled = handler.HandledAsync(1, _limit.Token);
        while (!handled.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await handled;
        // The clock runs on while the handler is called, so a wait may look longer than it is, never shorter.
        times.Should().HaveCount(5);
        for (var failures = 1; failures < times.Count; failures++)
        {
            (times[failures] - times[failures - 1]).Should().BeGreaterThanOrEqualTo(options.DelayAfter(failures));
        }

        running.Subscription.GetStatus().Retries.Should().Be(4);
    }

    [Fact]
    public async Task What_became_of_events_is_counted_by_subscription_and_outcome()
    {
        await AppendAsync();
        await AppendAsync();
        using var counts = new CountedEvents();
        var handler = new RecordingHandler((envelope, _) => envelope.Version == 1
            ? throw new HandlerBrokenException()
            : Task.CompletedTask);
        var running = Start(handler, options => (options.OnFailure, options.MaxAttempts) = (FailureAction.Skip, 1));
        await handler.HandledAsync(1, _limit.Token);
        await running.StatusAsync(status => status.HandledEvents == 1);

        counts.Of(running.Subscription.Name).Should().BeEquivalentTo("skipped", "handled");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var running in _running)
        {
            await running.DisposeAsync();
        }

        _live.Dispose();
        _limit.Dispose();
    }

    private static void Once(SubscriptionOptions options) => options.MaxAttempts = 1;

    private static Task<HealthCheckResult> CheckAsync(params Subscription[] subscriptions) =>
        new SubscriptionHealthCheck(subscriptions, TimeSpan.FromMinutes(1))
            .CheckHealthAsync(new HealthCheckContext());

    private static double MeasuredLag(string name)
    {
        var measured = double.NaN;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Meter.Name is SubscriptionTelemetry.SourceName
                && instrument.Name is SubscriptionTelemetry.Lag)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            foreach (var tag in tags)
            {
                measured = Equals(tag.Value, name) ? value : measured;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return measured;
    }

    private RunningSubscription Start(ISubscriptionHandler handler, Action<SubscriptionOptions>? configure = null)
    {
        var options = new SubscriptionOptions();
        configure?.Invoke(options);
        var name = $"health-{Guid.CreateVersion7():N}";
        var checkpoints = new InMemoryCheckpointStore(_store);
        var running = new RunningSubscription(
            new Subscription(name, handler, _live, checkpoints, options, timeProvider: _time), _limit.Token);
        _running.Add(running);
        return running;
    }

    private Task<AppendResult> AppendAsync() => _store.AppendAsync(Stream, [EventEnvelope.Create(Stream, "A", "{}"u8.ToArray())]);
}
