using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// A replica with its store: writes its own events, and exchanges events with peers. Nothing is confirmed to a peer or
/// to the caller before it is durable in the store.
/// </summary>
/// <remarks>
/// Safe for several threads; several sessions may run at once. After an exception from the store in the middle of a
/// write or a session the node reads its state from the store anew, before it does anything else. When the store has
/// kept all that it was given, the call goes on as if nothing had been thrown; otherwise it ends with the exception,
/// and what was kept, if only the first part, is delivered.
/// </remarks>
public sealed class ReplicaNode : IDisposable
{
    private readonly IReplicaStore _store;
    private readonly SyncOptions _sync;
    private readonly SteadyClock _clock;
    private readonly GuardedReplica _guarded;

    // Guarded by the replica's lock; null where the store cannot be repaired.
    private readonly LogDamage? _damage;

    private readonly StoreCommands _commands;

    private ReplicaNode(
        IReplicaStore store,
        SyncOptions sync,
        TimeProvider timeProvider,
        GuardedReplica guarded,
        ReplicaNodeOptions options)
    {
        (_store, _sync, _clock, _guarded) = (store, sync, new SteadyClock(timeProvider), guarded);
        _damage = store is IRepairableReplicaStore ? new LogDamage() : null;
        _commands = new StoreCommands(store, guarded, _damage, sync);
        Branches = new NodeBranches(store, guarded, _damage);
        Snapshots = new NodeSnapshots(this, store, guarded, options, _damage);
    }

    /// <summary>The origin that it writes as.</summary>
    public Origin Self => _guarded.Look(replica => replica.Self);

    /// <summary>Everything that it knows.</summary>
    public VectorClock Clock => _guarded.Look(replica => replica.Clock);

    /// <summary>
    /// The ends behind which logs begin here, because the replica was begun from a snapshot: views are built from one
    /// that covers this. Empty where every log is here from its first event on.
    /// </summary>
    public VectorClock BeginsBehind =>
        VectorClock.Of([.. _guarded.Look(LogBeginnings.Of).Select(beginning => beginning.Last)]);

    /// <summary>Whether its own log is whole, as far as it knows.</summary>
    public TailStatus Tail => _guarded.Look(replica => replica.Tail);

    /// <summary>Whether <see cref="WriteAsync"/> would take an event.</summary>
    public bool CanWrite => _guarded.Look(replica => replica.CanWrite);

    /// <summary>
    /// Why <see cref="ReplicaNodeOptions.OnDelivered"/> is called no more: it threw. Null while it is called. Reading
    /// the history anew begins it again; until that came to its end <see cref="WriteAsync"/> refuses.
    /// </summary>
    public DeliveryStoppedException? DeliveryStopped => _guarded.Stopped;

    /// <summary>
    /// The damaged events that <see cref="ScrubAsync"/>, a session or the opening found and no peer has given back yet;
    /// of those at the ends of logs, 4,096 at most. While there are some, sessions ask for them, and what builds on
    /// them in their logs is not sent to others.
    /// </summary>
    public IReadOnlyList<Dot> Damaged =>
        [.. _guarded.Look(_ => _damage?.Dots ?? []), .. _guarded.CutDots(LogDamage.MaxEvents)];

    /// <summary>
    /// Whether peers have to prove that they have the shared key; otherwise the transport has to know who they are.
    /// </summary>
    public bool RequiresSharedKey => !_sync.SharedKey.IsEmpty;

    /// <summary>The way out of forks: see <see cref="SyncReport.Forks"/>.</summary>
    public NodeBranches Branches { get; }

    /// <summary>The snapshots of this node.</summary>
    public NodeSnapshots Snapshots { get; }

    internal TimeProvider Time => _clock.Time;

    /// <summary>The time by which sessions measure how long something took.</summary>
    internal DateTimeOffset Now => _clock.Now;

    internal SyncOptions Sync => _sync;

    /// <summary>Answers gossip; null when the node takes no part.</summary>
    internal GossipNode? Gossip { get; set; }

    /// <summary>What gossip may tell a peer.</summary>
    internal GossipView ViewFor(ReplicaId? peer)
    {
        var rights = _sync.RightsOf?.Invoke(peer) ?? PeerRights.All;
        return _guarded.Look(replica => GossipView.Of(replica, rights));
    }

    /// <summary>Opens a store; an empty one becomes a new replica.</summary>
    /// <param name="store">The store; used by nobody else.</param>
    /// <param name="options">How the node runs.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">
    /// An option is out of range, or the store does not take events that name as many origins as are allowed.
    /// </exception>
    public static async Task<ReplicaNode> OpenAsync(
        IReplicaStore store,
        ReplicaNodeOptions options,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Installation.Length, 256, nameof(options));
        NodeSnapshots.Check(options);
        var (sync, time) = (options.Sync.Checked(), timeProvider ?? TimeProvider.System);
        var guarded = await GuardedReplica.OpenAsync(store, options, sync, time, cancellationToken)
            .ConfigureAwait(false);
        return new ReplicaNode(store, sync, time, guarded, options);
    }

    /// <summary>Gives an event its place in this replica's log. Durable when it returns.</summary>
    /// <param name="envelope">What happened.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <exception cref="InvalidEventException">The event breaks a rule that some store would enforce.</exception>
    /// <exception cref="InvalidOperationException"><see cref="CanWrite"/> is false; nothing was written.</exception>
    /// <exception cref="ClockAheadException">
    /// The last event's time is more than <see cref="ReplicaNodeOptions.MaxDrift"/> ahead of the wall clock: peers
    /// would refuse what follows it. Nothing was written.
    /// </exception>
    /// <exception cref="DeliveryStoppedException">
    /// <see cref="DeliveryStopped"/> is not null; nothing was written.
    /// </exception>
    public async Task<DeliveredEvent> WriteAsync(EventEnvelope envelope, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        EnvelopeRules.Check(envelope);
        await _guarded.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_guarded.Stopped is { } stopped)
            {
                throw new DeliveryStoppedException(stopped.Undelivered, stopped.InnerException!);
            }

            var written = _guarded.Look(replica => replica.WriteChecked(envelope));
            await _guarded.AppendAsync([written]).ConfigureAwait(false);
            return written;
        }
        finally
        {
            _guarded.Leave();
        }
    }

    /// <summary>
    /// Goes on under a new origin: the way out when <see cref="Tail"/> says that the next dot may be taken. What was
    /// written before stays.
    /// </summary>
    /// <param name="cancellationToken">Gives up before the change.</param>
    public async Task<Origin> BeginIncarnationAsync(CancellationToken cancellationToken = default)
    {
        await _guarded.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var next = _guarded.Look(replica => replica.BeginIncarnation(_sync.DrawNumber));
            await _guarded.WriteIdentityAsync(next).ConfigureAwait(false);
            return next;
        }
        finally
        {
            _guarded.Leave();
        }
    }

    /// <summary>Exchanges everything with one peer: one session, one round.</summary>
    /// <param name="transport">The connection; disposed at the end.</param>
    /// <param name="role">Which side this is.</param>
    /// <param name="checkpoint">
    /// The <see cref="SyncReport.Checkpoint"/> of the last round with this peer, if it was kept. A wrong one costs
    /// bytes and nothing else.
    /// </param>
    /// <param name="cancellationToken">Ends the session; what was confirmed stays.</param>
    /// <returns>What happened; the report is null when the session ended before a whole round.</returns>
    public async Task<SyncOutcome> SynchroniseAsync(
        ISyncTransport transport,
        SyncRole role,
        VectorClock? checkpoint = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transport);
        var metered = transport as MeteredTransport ?? new MeteredTransport(transport, Time);
        var pump = new SyncPump(this, metered);
        await using (transport.ConfigureAwait(false))
        {
            return await SyncTelemetry.MeasureAsync(
                    role, metered, Time, () => pump.RunAsync(role, checkpoint, cancellationToken))
                .ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Everything that is part of the history when the reading begins, causes before effects, for views that are built
    /// anew. What is delivered from then on comes through <see cref="ReplicaNodeOptions.OnDelivered"/>, also where that
    /// had stopped (<see cref="DeliveryStopped"/>); what is delivered before may come in the call itself.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidFormatException">The store does not give an event that it holds.</exception>
    /// <exception cref="InvalidOperationException">
    /// Logs begin behind a snapshot (<see cref="BeginsBehind"/>): views are built from that.
    /// </exception>
    public IAsyncEnumerable<DeliveredEvent> ReadHistoryAsync(CancellationToken cancellationToken = default) =>
        HistoryReader.ReadAnewAsync(_guarded, _store, _sync, [], cancellationToken);

    /// <summary>
    /// Reads every log from its end to its start and checks that each event is the one which the next one names. What
    /// is damaged is asked for in the sessions that follow, and replaced when a peer gives exactly that event. Worth
    /// doing after a start, after a <see cref="InvalidFormatException"/>, and once in a while.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading; what was found in the logs that were read stays known.</param>
    /// <exception cref="NotSupportedException">
    /// The store is no <see cref="IRepairableReplicaStore"/>.
    /// </exception>
    public async Task<ScrubReport> ScrubAsync(CancellationToken cancellationToken = default)
    {
        if (_store is not IRepairableReplicaStore store || _damage is null)
        {
            throw new NotSupportedException($"{_store.GetType().Name} is no {nameof(IRepairableReplicaStore)}.");
        }

        var (whole, isComplete) = await LogScrubber
            .ScrubAsync(store, _guarded, _damage, Clock, cancellationToken).ConfigureAwait(false);
        return new ScrubReport(whole, Damaged, isComplete);
    }

    /// <inheritdoc/>
    public void Dispose() => _guarded.Dispose();

    internal SyncSession NewSession(
        SyncRole role,
        VectorClock? checkpoint,
        ReplicaId? peer = null,
        LinkMeter? link = null,
        SnapshotRequest? wanted = null)
    {
        var rights = _sync.RightsOf?.Invoke(peer) ?? PeerRights.All;
        return _guarded.Look(replica => new SyncSession(
            role, replica, _sync, checkpoint, rights, _damage, link, Gossip, Snapshots.AreKept, wanted));
    }

    /// <summary>
    /// Lets a session take an input, and stores what came of it before anybody else may change the replica.
    /// </summary>
    /// <returns>What else is to be done.</returns>
    internal async Task<List<SyncOutput>> StepAsync(
        SyncSession session, SyncInput input, CancellationToken cancellationToken)
    {
        await _guarded.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!ReferenceEquals(session.Replica, _guarded.Look(replica => replica)))
            {
                return [new SyncOutput.Ended(SyncEndReason.StoreIncomplete, "the store failed meanwhile.")];
            }

            var rest = new List<SyncOutput>();
            var outputs = new Queue<SyncOutput>(Advance(session, input));
            while (outputs.TryDequeue(out var output))
            {
                if (await _commands.KeepAsync(output, cancellationToken).ConfigureAwait(false) is not { } written)
                {
                    rest.Add(output);
                    continue;
                }

                foreach (var next in Advance(session, written))
                {
                    outputs.Enqueue(next);
                }
            }

            return rest;
        }
        finally
        {
            _guarded.Leave();
        }
    }

    /// <summary>Reads what a session wants to have read; null when the output is another.</summary>
    internal Task<SyncInput?> ReadAsync(SyncOutput output, CancellationToken cancellationToken) =>
        _commands.ReadAsync(output, cancellationToken);

    private IReadOnlyList<SyncOutput> Advance(SyncSession session, SyncInput input) =>
        _guarded.Look(_ => session.Step(input, Now));
}
