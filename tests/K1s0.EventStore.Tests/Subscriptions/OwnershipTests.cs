using K1s0.EventStore.Conformance;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore.Tests;

public sealed class OwnershipTests : IDisposable
{
    private static readonly StreamId Stream = new("order", "1");
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromHours(1);
    private static readonly TimeSpan UntilRenewed = LeaseDuration / 3;
    private static readonly TimeSpan LongestTurn = LeaseDuration / 10;

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(5));
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly InMemoryEventStore _store;
    private readonly InMemoryCheckpointStore _checkpoints;
    private readonly CutOffLeaseStore _leaseStore;
    private readonly LiveFeed _live;
    private readonly SubscriptionLeases _leases;

    public OwnershipTests()
    {
        _store = new InMemoryEventStore(timeProvider: _time);
        _checkpoints = new InMemoryCheckpointStore(_store);
        _leaseStore = new CutOffLeaseStore(new InMemoryLeaseStore(_time));
        _leases = new SubscriptionLeases(_leaseStore);
        _live = new LiveFeed(_store, timeProvider: _time);
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task Who_cannot_renew_for_as_long_as_its_lease_lasts_stops_its_run_without_being_told()
    {
        var envelope = EventEnvelope.Create(Stream, "A", "{}"u8.ToArray());
        await _store.AppendAsync(Stream, [envelope], cancellationToken: _limit.Token);
        var (entered, told) = (new TaskCompletionSource(), new TaskCompletionSource());
        var handler = new RecordingHandler(async (_, token) =>
        {
            entered.TrySetResult();
            await using var registration = token.Register(() => told.TrySetResult());
            await told.Task.WaitAsync(_limit.Token);
            token.ThrowIfCancellationRequested();
        });
        await using var running = Start(handler);
        await entered.Task.WaitAsync(_limit.Token);

        // It renews as long as it can.
        for (var count = 0; count < 5; count++)
        {
            var before = _leaseStore.Renewals;
            await PassAsync(UntilRenewed);
            await ReachedAsync(() => _leaseStore.Renewals > before);
        }

        told.Task.IsCompleted.Should().BeFalse();
        _leaseStore.IsCutOff = true;
        await PassAsync(() => told.Task.IsCompleted);
        await PassAsync(() => running.Subscription.GetStatus().State is SubscriptionState.Restarting);

        handler.Handled.Should().BeEmpty();
        _leaseStore.IsCutOff = false;
        await PassAsync(() => handler.AttemptsOf(envelope.Id) >= 2);
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task Who_is_told_that_its_lease_is_lost_stops_its_run_at_once_and_asks_no_second_time()
    {
        await _store.AppendAsync(
            Stream, [EventEnvelope.Create(Stream, "A", "{}"u8.ToArray())], cancellationToken: _limit.Token);
        var (entered, told) = (new TaskCompletionSource(), new TaskCompletionSource());
        var handler = new RecordingHandler(async (_, token) =>
        {
            entered.TrySetResult();
            await using var registration = token.Register(() => told.TrySetResult());
            await told.Task.WaitAsync(_limit.Token);
            token.ThrowIfCancellationRequested();
        });
        await using var running = Start(handler);
        await entered.Task.WaitAsync(_limit.Token);

        _leaseStore.IsTaken = true;
        await PassAsync(UntilRenewed);
        await told.Task.WaitAsync(_limit.Token);
        await running.StatusAsync(status => status.State is SubscriptionState.StandingBy);

        _leaseStore.Refused.Should().Be(1, "until its lease runs out, another one may be at work already");
        handler.Handled.Should().BeEmpty();
        running.Subscription.GetStatus().Restarts.Should().Be(0);
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task A_slow_answer_about_one_lease_keeps_no_other_from_being_renewed()
    {
        await using var running = Start(new RecordingHandler());
        await running.StatusAsync(status => status.State is SubscriptionState.Live);
        await using var slow = Start(new RecordingHandler(), CutOffLeaseStore.Slow);
        await _leaseStore.IsAsked.WaitAsync(_limit.Token);

        for (var count = 0; count < 6; count++)
        {
            var before = _leaseStore.Renewals;
            await PassAsync(UntilRenewed);
            await PassAsync(LongestTurn);
            await ReachedAsync(() => _leaseStore.Renewals > before);
        }

        running.Subscription.GetStatus().Restarts.Should().Be(0, "six renewals outlive a lease that was not renewed");
        running.Subscription.GetStatus().State.Should().Be(SubscriptionState.Live);
    }

    [Fact]
    public async Task Who_stands_by_is_healthy_and_has_no_lag()
    {
        await _leaseStore.TryAcquireAsync(
            SubscriptionLeases.NameOf("shared"), "another process", Lease.LongestDuration, _limit.Token);
        await _store.AppendAsync(
            Stream, [EventEnvelope.Create(Stream, "A", "{}"u8.ToArray())], cancellationToken: _limit.Token);
        await using var running = Start(new RecordingHandler());
        await running.StatusAsync(status => status.State is SubscriptionState.StandingBy);
        _time.Advance(TimeSpan.FromMinutes(30));

        running.Subscription.GetStatus().Lag.Should().Be(TimeSpan.Zero);
        (await new SubscriptionHealthCheck([running.Subscription]).CheckHealthAsync(new HealthCheckContext(), _limit.Token))
            .Status.Should().Be(HealthStatus.Healthy);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => running.Subscription.ReplayParkedAsync(_limit.Token));
    }

    public void Dispose()
    {
        _live.Dispose();
        _leases.Dispose();
        _limit.Dispose();
    }

    private RunningSubscription Start(RecordingHandler handler, string name = "shared") => new(
        new Subscription(
            name,
            handler,
            _live,
            _checkpoints,
            new SubscriptionOptions { LeaseDuration = LeaseDuration },
            timeProvider: _time,
            leases: _leases),
        _limit.Token);

    // Lets a time pass as soon as somebody waits for it, and no more: a thread that the machine holds up loses no lease.
    private async Task PassAsync(TimeSpan awaited)
    {
        await ReachedAsync(() => _time.IsAwaited(awaited));
        _time.Advance(awaited);
    }

    private async Task ReachedAsync(Func<bool> condition)
    {
        while (!condition())
        {
            _limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    // Lets any time pass: for what comes about however late somebody is.
    private async Task PassAsync(Func<bool> condition)
    {
        while (!condition())
        {
            _limit.Token.ThrowIfCancellationRequested();
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private sealed class CutOffLeaseStore(InMemoryLeaseStore inner) : ILeaseStore
    {
        public const string Slow = "slow";

        private readonly TaskCompletionSource _isAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _renewals;
        private int _refused;

        /// <summary>The slow lease was asked for; there is no answer before the asker gives up.</summary>
        public Task IsAsked => _isAsked.Task;

        public bool IsCutOff { get; set; }

        /// <summary>Whether another process has the lease.</summary>
        public bool IsTaken { get; set; }

        /// <summary>How often a renewal was refused because of that.</summary>
        public int Refused => Volatile.Read(ref _refused);

        public int Renewals => Volatile.Read(ref _renewals);

        public async Task<Lease?> TryAcquireAsync(
            string name, string owner, TimeSpan duration, CancellationToken cancellationToken = default)
        {
            if (string.Equals(name, SubscriptionLeases.NameOf(Slow), StringComparison.Ordinal))
            {
                _isAsked.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            }

            if (IsTaken)
            {
                return null;
            }

            return IsCutOff
                ? throw new StoreUnavailableException("cut off by the test")
                : await inner.TryAcquireAsync(name, owner, duration, cancellationToken);
        }

        public async Task<Lease> RenewAsync(
            Lease lease, TimeSpan duration, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _renewals);
            if (IsTaken)
            {
                Interlocked.Increment(ref _refused);
                throw new LeaseLostException(lease.Name, lease.Epoch);
            }

            return IsCutOff
                ? throw new StoreUnavailableException("cut off by the test")
                : await inner.RenewAsync(lease, duration, cancellationToken);
        }

        public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default) =>
            inner.ReleaseAsync(lease, cancellationToken);
    }
}
