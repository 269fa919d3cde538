namespace K1s0.EventStore.Conformance;

/// <summary>Subscriptions of one name in several processes: one of them runs it, and which one can change.</summary>
public abstract class SubscriptionOwnershipSuite : SubscriptionTestBase
{
    private string LeaseName => SubscriptionLeases.NameOf(Name);

    [Fact]
    public async Task Of_those_that_share_a_name_one_runs_and_another_takes_over_when_it_ends()
    {
        var (first, second) = (new RecordingHandler(), new RecordingHandler());
        var owner = StartShared(first, Checkpoints, LongLease);
        await owner.StatusAsync(status => status.State is SubscriptionState.Live);
        await using var other = StartShared(second, Checkpoints);
        await other.StatusAsync(status => status.State is SubscriptionState.StandingBy);

        var before = await AppendedAsync(5);
        await first.HandledAsync(5, Cancellation);
        second.Handled.Should().BeEmpty();
        other.Subscription.GetStatus().Lag.Should().Be(TimeSpan.Zero);

        await owner.DisposeAsync();
        var after = await AppendedAsync(5);
        await second.HandledAsync(5, Cancellation);

        Ids(first.Handled).Should().Equal(Ids(before));
        Ids(second.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids(after));
        other.Subscription.GetStatus().Restarts.Should().Be(0);
    }

    // B17. A peer's leader went on when the session that held its lock was gone.
    [Fact]
    [Trait("Row", "X04")]
    [Trait("PeerBug", "B17")]
    public async Task Who_loses_the_lease_stands_by_and_goes_on_when_the_lease_is_free_again()
    {
        var handler = new RecordingHandler();
        await using var running = StartShared(handler, Checkpoints);
        var before = await AppendedAsync(3);
        await handler.HandledAsync(3, Cancellation);

        var taken = await TakeLeaseAsync();
        await running.StatusAsync(status => status.State is SubscriptionState.StandingBy);
        var meanwhile = await AppendedAsync(3);
        await Leases.RenewAsync(taken, TimeSpan.FromMinutes(30), Cancellation);
        Ids(handler.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids(before));
        running.Ended.IsCompleted.Should().BeFalse("it stands by, it has not ended");

        await Leases.ReleaseAsync(taken, Cancellation);
        await running.StatusAsync(status => status.Position >= meanwhile[^1].Position);

        Ids(handler.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids([.. before, .. meanwhile]));
        running.Subscription.GetStatus().Error.Should().BeNull();
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task Who_slept_between_its_lease_and_its_claim_handles_nothing_and_writes_nothing_when_it_wakes_up()
    {
        var (asleep, wake) = (new TaskCompletionSource(), new TaskCompletionSource());
        var sleeping = new SleepyCheckpointStore(Checkpoints, asleep, wake.Task);
        var (late, quick) = (new RecordingHandler(), new RecordingHandler());
        await using var former = StartShared(late, sleeping, options =>
        {
            // It does not come back within this test.
            LongLease(options);
            options.RetryDelay = TimeSpan.FromHours(1);
        });
        await asleep.Task.WaitAsync(Cancellation);
        await RunOutAsync();
        await using var owner = StartShared(quick, Checkpoints, LongLease);
        var events = await AppendedAsync(4);
        await quick.HandledAsync(4, Cancellation);

        wake.SetResult();
        await former.StatusAsync(status => status.State is SubscriptionState.StandingBy);
        var later = await AppendedAsync(4);
        await owner.StatusAsync(status => status.Position >= later[^1].Position);

        late.Handled.Should().BeEmpty();
        Ids(quick.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids([.. events, .. later]));
    }

    // B17. The new owner has handled what the former one failed to: it must not come back as a parked event.
    [Fact]
    [Trait("Row", "X04")]
    [Trait("PeerBug", "B17")]
    public async Task Who_slept_before_it_parked_puts_nothing_aside_that_the_new_owner_has_handled()
    {
        var (asleep, wake) = (new TaskCompletionSource(), new TaskCompletionSource());
        var stream = NewStream();
        var failing = new RecordingHandler((_, _) => throw new HandlerBrokenException());
        await using var former = StartShared(
            failing,
            Checkpoints,
            options =>
            {
                LongLease(options);
                (options.OnFailure, options.MaxAttempts) = (FailureAction.Park, 1);
                options.RetryDelay = TimeSpan.FromHours(1);
            },
            new SleepyParkedEventStore(Backend.Parked, asleep, wake.Task));
        await former.StatusAsync(status => status.State is SubscriptionState.Live);
        await AppendedAsync(1, stream);
        await asleep.Task.WaitAsync(Cancellation);
        await RunOutAsync();
        var quick = new RecordingHandler();
        await using var owner = StartShared(quick, Checkpoints, LongLease);
        await quick.HandledAsync(1, Cancellation);

        wake.SetResult();
        await former.StatusAsync(status => status.State is SubscriptionState.StandingBy);
        await AppendedAsync(1, stream);
        await quick.HandledAsync(2, Cancellation);

        (await Backend.Parked.ListAsync(Name, cancellationToken: Cancellation)).Should().BeEmpty();
        quick.Handled.Select(envelope => envelope.Version).Should().Equal(1, 2);
    }

    [Fact]
    public async Task A_claim_without_the_lease_resets_who_runs_and_does_not_end_it()
    {
        var handler = new RecordingHandler();
        await using var running = StartShared(handler, Checkpoints, LongLease);
        var events = await AppendedAsync(4);
        await handler.HandledAsync(4, Cancellation);
        await running.StatusAsync(status => status.Position >= events[^1].Position);

        // Somebody puts the checkpoint back while it runs.
        var claim = await Checkpoints.ClaimAsync(Name, "administrator", Cancellation);
        await Checkpoints.SaveAsync(
            claim,
            new Checkpoint(events[1].Position, await Feed.GetIdentityAsync(Cancellation), events[1].ChainHash),
            Cancellation);
        var later = await AppendedAsync(1);
        await running.StatusAsync(
            status => status.State is SubscriptionState.Live && status.Position >= later[^1].Position
                && handler.AttemptsOf(events[3].Id) == 2);

        Ids(handler.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids([.. events, .. later]));
        handler.AttemptsOf(events[1].Id).Should().Be(1);
    }

    [Fact]
    public async Task A_run_that_dies_lets_another_process_try()
    {
        await using var broken = StartShared(
            new RecordingHandler((_, _) => throw new HandlerBrokenException()),
            Checkpoints,
            options =>
            {
                LongLease(options);
                (options.OnFailure, options.MaxAttempts) = (FailureAction.StopAll, 1);
            });
        await broken.StatusAsync(status => status.State is SubscriptionState.Live);
        var handler = new RecordingHandler();
        await using var other = StartShared(handler, Checkpoints);

        var events = await AppendedAsync(2);
        await Assert.ThrowsAsync<SubscriptionStoppedException>(() => broken.Ended);
        await handler.HandledAsync(2, Cancellation);

        Ids(handler.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids(events));
    }

    [Fact]
    public void A_name_that_leaves_no_room_for_its_lease_is_refused()
    {
        using var leases = new SubscriptionLeases(Leases);
        var tooLong = new string('a', 243);

        Assert.Throws<ArgumentException>(
            () => new Subscription(tooLong, new RecordingHandler(), Live, Checkpoints, leases: leases));
        Assert.Throws<ArgumentException>(
            () => Subscribe(new RecordingHandler(), options => options.LeaseDuration = TimeSpan.FromSeconds(0.9)));

        SubscriptionLeases.NameOf(tooLong[1..]).Should().EndWith(tooLong[1..]);
    }

    // For who must not lose it by being slow.
    private static void LongLease(SubscriptionOptions options) => options.LeaseDuration = TimeSpan.FromMinutes(30);

    // As another process has it: nothing is shared but the store.
    private RunningSubscription StartShared(
        ISubscriptionHandler handler,
        ICheckpointStore checkpoints,
        Action<SubscriptionOptions>? configure = null,
        IParkedEventStore? parked = null)
    {
        var leases = new SubscriptionLeases(Leases);
        var live = new LiveFeed(Feed, new LiveFeedOptions { PollInterval = TimeSpan.FromMilliseconds(2) });
        var options = Options(options =>
        {
            // Short enough to wait for. A busy machine may not renew it in time: then events come once more.
            options.LeaseDuration = TimeSpan.FromSeconds(5);
            configure?.Invoke(options);
        });
        return new RunningSubscription(
            new Subscription(Name, handler, live, checkpoints, options, parked ?? Backend.Parked, leases: leases),
            Cancellation);
    }

    // The former holder may be quicker: then it has the next epoch, and once more.
    private async Task<Lease> TakeLeaseAsync()
    {
        for (var epoch = 1; ; epoch++)
        {
            await RunOutAsync(epoch);
            if (await Leases.TryAcquireAsync(LeaseName, "test", TimeSpan.FromMinutes(30), Cancellation) is { } lease)
            {
                return lease;
            }
        }
    }

    // The epoch of the first holder of a name is 1.
    private Task RunOutAsync(long epoch = 1) =>
        Backend.RunOutAsync(new Lease(LeaseName, "first", epoch, DateTimeOffset.UtcNow.AddHours(epoch)));

    // Falls asleep right before its first claim.
    private sealed class SleepyCheckpointStore(ICheckpointStore inner, TaskCompletionSource asleep, Task wake)
        : ICheckpointStore
    {
        public async Task<CheckpointClaim> ClaimAsync(
            string consumer, string owner, CancellationToken cancellationToken = default)
        {
            asleep.TrySetResult();
            await wake.WaitAsync(cancellationToken);
            return await inner.ClaimAsync(consumer, owner, cancellationToken);
        }

        public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default) =>
            inner.LoadAsync(consumer, cancellationToken);

        public Task<CheckpointClaim> SaveAsync(
            CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default) =>
            inner.SaveAsync(claim, checkpoint, cancellationToken);
    }

    // Falls asleep right before it parks the first time, and has then forgotten nothing.
    private sealed class SleepyParkedEventStore(IParkedEventStore inner, TaskCompletionSource asleep, Task wake)
        : IParkedEventStore
    {
        public async Task<bool> ParkAsync(
            ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
        {
            asleep.TrySetResult();
            await wake;
            return await inner.ParkAsync(parked, claim, cancellationToken);
        }

        public Task<bool> UpdateAsync(
            ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default) =>
            inner.UpdateAsync(parked, claim, cancellationToken);

        public Task<IReadOnlyList<ParkedEvent>> ListAsync(
            string consumer,
            Position after = default,
            int maxCount = IParkedEventStore.MaxPage,
            CancellationToken cancellationToken = default) =>
            inner.ListAsync(consumer, after, maxCount, cancellationToken);

        public Task<bool> RemoveAsync(
            string consumer, Position position, CancellationToken cancellationToken = default) =>
            inner.RemoveAsync(consumer, position, cancellationToken);
    }
}
