using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore;

/// <summary>
/// Follows the feed under a name: hands every event that its filter lets through to a handler, and remembers how far it
/// came. Thread-safe; it runs at most once at a time.
/// </summary>
/// <remarks>
/// <para>With leases, one of all processes that run the name does the work; the others stand by and take over when
/// the lease ends. Running claims the checkpoint: a former owner that was frozen cannot move it any more, and stands
/// by when it wakes up. Without leases there must be one process; a second one takes the subscription over, and the
/// former owner ends with <see cref="CheckpointConflictException"/>. The checkpoint is never ahead of an event that was
/// not handled, skipped or parked.</para>
/// <para>A run that dies of anything that may pass runs again by itself; <see cref="GetStatus"/> counts it. What ends
/// it for good: an event that nothing may pass, a lost claim, a feed that is not the one of the checkpoint.</para>
/// </remarks>
public sealed class Subscription
{
    private readonly SubscriptionParts _parts;
    private readonly ISubscriptionHandler? _handler;
    private readonly IAtomicHandler? _atomicHandler;
    private int _isRunning;
    private volatile ReplayQueue? _replays;

    // Touched by the one that runs only.
    private Lease? _kept;

    /// <summary>A subscription whose events are handed over at least once.</summary>
    /// <param name="name">Its name, under which the checkpoint is kept: see <see cref="ConsumerName"/>.</param>
    /// <param name="handler">What to do with an event.</param>
    /// <param name="live">The reader that all subscriptions of the process share.</param>
    /// <param name="checkpoints">Where to remember how far it came.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="parked">Where to park events; needed for <see cref="FailureAction.Park"/> only.</param>
    /// <param name="timeProvider">Measures waits and ages; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <param name="leases">By which processes share the subscription; null when only one process runs it.</param>
    /// <exception cref="ArgumentException">The name is refused, or an option is out of its range.</exception>
    public Subscription(
        string name,
        ISubscriptionHandler handler,
        LiveFeed live,
        ICheckpointStore checkpoints,
        SubscriptionOptions? options = null,
        IParkedEventStore? parked = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null,
        SubscriptionLeases? leases = null)
        : this(
            name, live, checkpoints, options, FailureAction.StopKey, parked, timeProvider, loggerFactory, leases)
    {
        ArgumentNullException.ThrowIfNull(handler);
        _handler = handler;
    }

    /// <summary>A subscription whose effects happen exactly once.</summary>
    /// <param name="name">Its name, under which the checkpoint is kept: see <see cref="ConsumerName"/>.</param>
    /// <param name="handler">Handles events and moves the checkpoint in one transaction.</param>
    /// <param name="live">The reader that all subscriptions of the process share.</param>
    /// <param name="checkpoints">Where the handler moves the checkpoint.</param>
    /// <param name="options">The defaults when null.</param>
    /// <param name="parked">Where to park events; needed for <see cref="FailureAction.Park"/> only.</param>
    /// <param name="timeProvider">Measures waits and ages; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <param name="leases">By which processes share the subscription; null when only one process runs it.</param>
    /// <exception cref="ArgumentException">
    /// The name is refused, an option is out of its range, or the failure action is <see
    /// cref="FailureAction.StopKey"/>, under which events are handed over again.
    /// </exception>
    public Subscription(
        string name,
        IAtomicHandler handler,
        LiveFeed live,
        ICheckpointStore checkpoints,
        SubscriptionOptions? options = null,
        IParkedEventStore? parked = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null,
        SubscriptionLeases? leases = null)
        : this(
            name, live, checkpoints, options, FailureAction.StopAll, parked, timeProvider, loggerFactory, leases)
    {
        ArgumentNullException.ThrowIfNull(handler);
        if (_parts.OnFailure is FailureAction.StopKey)
        {
            throw new ArgumentException(
                "An exactly-once subscription cannot stop one stream: what came behind the event would be handed over "
                + "again. Choose StopAll, Park or Skip.",
                nameof(options));
        }

        _atomicHandler = handler;
    }

    private Subscription(
        string name,
        LiveFeed live,
        ICheckpointStore checkpoints,
        SubscriptionOptions? options,
        FailureAction onFailure,
        IParkedEventStore? parked,
        TimeProvider? timeProvider,
        ILoggerFactory? loggerFactory,
        SubscriptionLeases? leases)
    {
        ConsumerName.Check(name, nameof(name));
        _ = leases is null ? name : SubscriptionLeases.NameOf(name);
        ArgumentNullException.ThrowIfNull(live);
        ArgumentNullException.ThrowIfNull(checkpoints);
        options = SubscriptionOptionsRules.Checked(options);
        var action = options.OnFailure ?? onFailure;
        if (action is FailureAction.Park && parked is null)
        {
            throw new ArgumentException("To park events, a store for them is needed.", nameof(parked));
        }

        var time = timeProvider ?? TimeProvider.System;
        _parts = new SubscriptionParts(
            name,
            options,
            action,
            live,
            checkpoints,
            parked,
            leases,
            time,
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<Subscription>(),
            new SubscriptionProgress(name, live, time));
    }

    /// <summary>The name, under which the checkpoint is kept.</summary>
    public string Name => _parts.Name;

    /// <summary>How the subscription is doing.</summary>
    public SubscriptionStatus GetStatus() => _parts.Progress.ToStatus();

    /// <summary>Runs until the end that the options name.</summary>
    /// <param name="cancellationToken">Stops the run: handlers are told, and the last checkpoint is stored.</param>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    /// <exception cref="InvalidOperationException">It runs already.</exception>
    /// <exception cref="SubscriptionStoppedException">An event failed that nothing may pass.</exception>
    /// <exception cref="CheckpointConflictException">
    /// Somebody else took the subscription over, and there are no leases.
    /// </exception>
    /// <exception cref="StoreIdentityException">The checkpoint belongs to another store.</exception>
    /// <exception cref="FeedDivergedException">The feed is not the one that the checkpoint was taken in.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 1)
        {
            throw new InvalidOperationException($"Subscription {Name} runs already.");
        }

        SubscriptionTelemetry.Begin(this);
        try
        {
            await SuperviseAsync(cancellationToken).ConfigureAwait(false);
            _parts.Progress.End(SubscriptionState.Completed, error: null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _parts.Progress.End(SubscriptionState.Idle, error: null);
            throw;
        }
        catch (Exception e)
        {
            _parts.Progress.End(SubscriptionState.Failed, e);
            _parts.Logger.SubscriptionFailed(Name, _parts.Progress.Position, e);
            throw;
        }
        finally
        {
            SubscriptionTelemetry.End(this);
            Volatile.Write(ref _isRunning, 0);
        }
    }

    /// <summary>
    /// Hands the parked events to the handler again, in order, each in its turn among the others of its stream; those
    /// that are handled are not parked any more, and their streams go on.
    /// </summary>
    /// <param name="cancellationToken">Gives up; what was replayed stays replayed.</param>
    /// <exception cref="InvalidOperationException">The subscription does not run.</exception>
    public Task<ParkedReplay> ReplayParkedAsync(CancellationToken cancellationToken = default) =>
        _replays is { } replays
            ? replays.AskAsync(cancellationToken)
            : throw new InvalidOperationException($"Subscription {Name} does not run.");

    /// <summary>
    /// Waits until everything up to a position was handled, skipped or parked by this subscription, in this process;
    /// is told so, and asks nobody. In another process: <see cref="CheckpointStoreExtensions"/>.
    /// </summary>
    /// <param name="position">Usually <see cref="AppendResult.LastPosition"/>.</param>
    /// <param name="timeout">How long to wait: 0 to 1 day. The subscription need not run yet.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="SubscriptionBehindException">
    /// It did not come so far in time, or it has ended for good before.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of its range.</exception>
    public Task WaitUntilCaughtUpAsync(
        Position position, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        CheckpointStoreExtensions.CheckTimeout(timeout);
        return _parts.Progress.WaitAsync(position, timeout, cancellationToken);
    }

    private async Task SuperviseAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (true)
        {
            var before = _parts.Progress.Position;
            try
            {
                await RunOwnedAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (_parts.IsLost(e) && !cancellationToken.IsCancellationRequested)
            {
                _parts.Progress.StandBy();
                _parts.Logger.SubscriptionLost(Name, e);
                await Task.Delay(_parts.Options.RetryDelay, _parts.TimeProvider, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (!_parts.IsFinal(e) && !cancellationToken.IsCancellationRequested)
            {
                failures = _parts.Progress.Position > before ? 1 : failures + 1;
                var delay = _parts.Options.DelayAfter(failures);
                _parts.Progress.End(SubscriptionState.Restarting, e);
                _parts.Logger.SubscriptionRestarts(Name, delay, _parts.Progress.CountRestart(), e);
                await Task.Delay(delay, _parts.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!_parts.IsFinal(e) && e is not OperationCanceledException)
            {
                throw new OperationCanceledException(
                    $"Subscription {Name} was stopped while something failed.", e, cancellationToken);
            }
        }
    }

    private async Task RunOwnedAsync(CancellationToken cancellationToken)
    {
        if (_parts.Leases is not { } leases)
        {
            await RunOnceAsync(ownership: null, cancellationToken).ConfigureAwait(false);
            return;
        }

        var ownership = await Ownership.AcquireAsync(_parts, leases, _kept, cancellationToken).ConfigureAwait(false);
        try
        {
            await ownership.RunAsync(token => RunOnceAsync(ownership, token), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _kept = ownership.Kept;
        }
    }

    private async Task RunOnceAsync(Ownership? ownership, CancellationToken cancellationToken)
    {
        var feed = _parts.Live.Feed;
        var writer = await CheckpointWriter.ClaimAsync(_parts, ownership, cancellationToken).ConfigureAwait(false);
        var parked = await ParkedKeys.LoadAsync(_parts, writer.Claim, cancellationToken).ConfigureAwait(false);
        var end = await _parts.Options.End.FindAsync(feed, cancellationToken).ConfigureAwait(false);
        var origin = writer.Claim.Checkpoint is { } checkpoint
            ? new LowWaterMark(checkpoint.Position, checkpoint.ChainHash)
            : default;
        var lowWater = new LowWater(origin, _parts.Progress.Waiters);
        var cursor = new FeedCursor(_parts.Live, _parts.Options, _parts.TimeProvider, origin.Position, end);
        _parts.Progress.Begin(lowWater, parked.Count);
        _parts.Logger.SubscriptionStarted(Name, origin.Position, writer.Claim.Epoch);
        using var lanes = _handler is null
            ? null
            : new LaneRun(_parts, _handler, parked, writer, cursor, lowWater);
        using var atomic = _atomicHandler is null
            ? null
            : new AtomicRun(_parts, _atomicHandler, parked, writer, cursor, lowWater);
        var run = lanes ?? (ISubscriptionRun)atomic!;
        var replays = _replays = new ReplayQueue(parked, run);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var serving = replays.ServeAsync(ending.Token);
        try
        {
            await run.RunAsync(cancellationToken).ConfigureAwait(false);
            _parts.Logger.SubscriptionEnded(Name, lowWater.Mark.Position);
        }
        finally
        {
            // No replay outlives its run: the next run must not meet it in the lanes.
            _replays = null;
            await ending.CancelAsync().ConfigureAwait(false);
            await serving.ConfigureAwait(false);
        }
    }
}
