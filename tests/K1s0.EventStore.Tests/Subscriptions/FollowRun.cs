using System.Collections.Concurrent;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

/// <summary>
/// Runs a scenario: a subscription is killed and started again, or taken over by somebody who holds no lease, until it
/// comes to the end, and every checkpoint that is stored is checked against what was done by then.
/// </summary>
internal sealed class FollowRun(FollowScenario scenario)
{
    private const string Name = "follower";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly Random _random = new(scenario.Seed);
    private readonly ManualTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private InMemoryParkedEventStore? _parked;
    private readonly ConcurrentQueue<EventEnvelope> _handled = new();
    private readonly HashSet<Guid> _poisoned = [];
    private bool _isMended;
    private readonly HashSet<Guid> _flaky = [];
    private readonly ConcurrentDictionary<Guid, int> _attempts = new();
    private IReadOnlyList<EventEnvelope> _wanted = [];
    private int _left = int.MaxValue;
    private CancellationTokenSource? _kill;
    private WatchedCheckpointStore? _checkpoints;
    private int _takeovers;

    // What an exactly-once handler has done and not committed; the checkpoint is checked as if it had.
    private IReadOnlyList<EventEnvelope> _uncommitted = [];

    public async Task<bool> RunAsync()
    {
        var store = await FillAsync();
        var inner = new InMemoryCheckpointStore(store);
        var checkpoints = new WatchedCheckpointStore(inner, CheckAsync);
        _parked = new InMemoryParkedEventStore(inner);
        _checkpoints = checkpoints;
        using var live = new LiveFeed(store, timeProvider: _time);
        using var leases = new SubscriptionLeases(new InMemoryLeaseStore(_time));
        var kills = scenario.IsShared ? 0 : _random.Next(4);
        _takeovers = scenario.IsShared ? _random.Next(4) : 0;
        while (true)
        {
            _left = kills-- > 0 || _takeovers > 0 ? _random.Next(1, 20) : int.MaxValue;
            var ended = await RunOnceAsync(live, checkpoints, scenario.IsShared ? leases : null);
            if (ended is null)
            {
                continue;
            }

            await CheckEndAsync(checkpoints, ended);
            if (ended is { State: SubscriptionState.Completed, StoppedKeys: [] })
            {
                return true;
            }

            // Once the handler is mended, the next run goes on from there.
            _isMended = true;
        }
    }

    private async Task<InMemoryEventStore> FillAsync()
    {
        var store = new InMemoryEventStore(timeProvider: _time);
        for (var number = 0; number < scenario.Events; number++)
        {
            var stream = new StreamId("order", $"{_random.Next(scenario.Streams)}");
            var envelope = EventEnvelope.Create(stream, _random.Next(2) == 0 ? "A" : "B", "{}"u8.ToArray());
            await store.AppendAsync(stream, [envelope]);
            if (_random.Next(12) == 0)
            {
                _poisoned.Add(envelope.Id);
            }
            else if (_random.Next(6) == 0)
            {
                _flaky.Add(envelope.Id);
            }
        }

        var all = await store.ReadFeedPageAsync(Position.Start, maxCount: 1_000);
        _wanted = [.. all.Events.Where(envelope => Filter?.Matches(envelope) is not false)];
        return store;
    }

    private FeedFilter? Filter => scenario.IsFiltered ? new FeedFilter { EventTypes = ["A"] } : null;

    // Null when it was killed on the way.
    private async Task<SubscriptionStatus?> RunOnceAsync(
        LiveFeed live, ICheckpointStore checkpoints, SubscriptionLeases? leases)
    {
        var options = new SubscriptionOptions
        {
            Lanes = scenario.Lanes,
            PageSize = scenario.PageSize,
            BatchSize = scenario.Window,
            MaxInFlight = scenario.Window,
            Filter = Filter,
            End = SubscriptionEnd.SettledBound,
            MaxAttempts = 2,
            CheckpointInterval = TimeSpan.FromMilliseconds(1),
            RetryDelay = TimeSpan.FromMilliseconds(1),
            OnFailure = scenario is { IsAtomic: true, Action: FailureAction.StopKey }
                ? FailureAction.StopAll
                : scenario.Action,
        };
        var subscription = scenario.IsAtomic
            ? new Subscription(Name, new Atomic(this, checkpoints), live, checkpoints, options, _parked, _time, leases: leases)
            : new Subscription(
                Name, new RecordingHandler(HandleAsync), live, checkpoints, options, _parked, _time, leases: leases);
        using var kill = new CancellationTokenSource(Patience);
        _kill = kill;
        var running = Task.Run(() => subscription.RunAsync(kill.Token), CancellationToken.None);
        while (!running.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }

        try
        {
            await running;
            return subscription.GetStatus();
        }
        catch (SubscriptionStoppedException)
        {
            return subscription.GetStatus();
        }
        catch (OperationCanceledException) when (_left <= 0)
        {
            return null;
        }
    }

    private async Task HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        await ApplyAsync(envelope, cancellationToken);
        _handled.Enqueue(envelope);
    }

    private async Task ApplyAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        if (envelope.Version % 3 == 0)
        {
            await Task.Yield();
        }

        var left = Interlocked.Decrement(ref _left);
        if (left <= 0 && !scenario.IsShared)
        {
            await _kill!.CancelAsync();
        }
        else if (left == 0)
        {
            await _checkpoints!.ClaimAsync(Name, "another", CancellationToken.None);
            Volatile.Write(ref _left, Interlocked.Decrement(ref _takeovers) > 0 ? 10 : int.MaxValue);
        }

        cancellationToken.ThrowIfCancellationRequested();
        var attempt = _attempts.AddOrUpdate(envelope.Id, 1, static (_, count) => count + 1);
        if ((!_isMended && _poisoned.Contains(envelope.Id)) || (_flaky.Contains(envelope.Id) && attempt == 1))
        {
            throw new HandlerBrokenException();
        }
    }

    private async Task CheckAsync(Checkpoint checkpoint)
    {
        var handled = _handled.Concat(_uncommitted).Select(envelope => envelope.Id).ToHashSet();
        var parked = (await _parked!.ListAsync(Name)).Select(one => one.EventId).ToHashSet();
        foreach (var envelope in _wanted.Where(envelope => envelope.Position <= checkpoint.Position))
        {
            var isSkipped = scenario.Action is FailureAction.Skip && _poisoned.Contains(envelope.Id);
            if (!handled.Contains(envelope.Id) && !parked.Contains(envelope.Id) && !isSkipped)
            {
                throw new InvalidOperationException($"Checkpoint {checkpoint.Position} is ahead of {envelope}.");
            }
        }
    }

    private async Task CheckEndAsync(ICheckpointStore checkpoints, SubscriptionStatus status)
    {
        var checkpoint = await checkpoints.LoadAsync(Name);
        var position = checkpoint?.Position ?? Position.Start;
        position.Should().BeLessThanOrEqualTo(status.Position);
        if (status.State is SubscriptionState.Completed)
        {
            position.Should().Be(status.Position);
        }

        if (status is { State: SubscriptionState.Completed, StoppedKeys: [] })
        {
            position.Value.Should().Be(scenario.Events);
        }

        // In order within each stream: what counts is when each event was first handled.
        foreach (var stream in _handled.DistinctBy(envelope => envelope.Id).GroupBy(envelope => envelope.StreamId))
        {
            stream.Select(envelope => envelope.Version).Should().BeInAscendingOrder();
        }

        if (scenario.IsAtomic)
        {
            _handled.Should().OnlyHaveUniqueItems(envelope => envelope.Id);
        }
    }

    // Stands for a transaction: effects and checkpoint become visible together, or not at all.
    private sealed class Atomic(FollowRun run, ICheckpointStore checkpoints) : IAtomicHandler
    {
        public async Task<CheckpointClaim> HandleAsync(
            IReadOnlyList<EventEnvelope> events,
            CheckpointClaim claim,
            Checkpoint checkpoint,
            CancellationToken cancellationToken)
        {
            foreach (var envelope in events)
            {
                try
                {
                    await run.ApplyAsync(envelope, cancellationToken);
                }
                catch (HandlerBrokenException e)
                {
                    throw new EventHandlingException(envelope, e);
                }
            }

            run._uncommitted = events;
            try
            {
                var next = await checkpoints.SaveAsync(claim, checkpoint, CancellationToken.None);
                foreach (var envelope in events)
                {
                    run._handled.Enqueue(envelope);
                }

                return next;
            }
            finally
            {
                run._uncommitted = [];
            }
        }

        public Task ReplayAsync(
            EventEnvelope envelope, CheckpointClaim claim, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }

    private sealed class WatchedCheckpointStore(ICheckpointStore inner, Func<Checkpoint, Task> check)
        : ICheckpointStore
    {
        public Task<CheckpointClaim> ClaimAsync(
            string consumer, string owner, CancellationToken cancellationToken = default) =>
            inner.ClaimAsync(consumer, owner, cancellationToken);

        public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default) =>
            inner.LoadAsync(consumer, cancellationToken);

        public async Task<CheckpointClaim> SaveAsync(
            CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default)
        {
            await check(checkpoint);
            return await inner.SaveAsync(claim, checkpoint, cancellationToken);
        }
    }
}
