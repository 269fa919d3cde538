namespace K1s0.EventStore.Sync;

/// <summary>
/// A replica with its store: writes its own events, and exchanges events with peers. Nothing is confirmed to a peer or
/// to the caller before it is durable in the store.
/// </summary>
/// <remarks>
/// Safe for several threads; several sessions may run at once. An exception from the store in the middle of a write or
/// a session leaves the store as it was; the node then reads its state from the store anew.
/// </remarks>
public sealed class ReplicaNode : IDisposable
{
    private readonly IReplicaStore _store;
    private readonly ReplicaNodeOptions _options;
    private readonly SyncOptions _sync;
    private readonly TimeProvider _timeProvider;

    // One holder changes the replica and appends what came of it.
    private readonly SemaphoreSlim _gate = new(1, 1);

    // Guards the replica for as long as it computes; never held over an await.
    private readonly Lock _state = new();
    private Replica _replica;

    private ReplicaNode(
        IReplicaStore store, ReplicaNodeOptions options, SyncOptions sync, TimeProvider timeProvider, Replica replica)
    {
        (_store, _options, _timeProvider, _replica) = (store, options, timeProvider, replica);
        _sync = sync;
    }

    /// <summary>The origin that it writes as.</summary>
    public Origin Self => Look(replica => replica.Self);

    /// <summary>Everything that it knows.</summary>
    public VectorClock Clock => Look(replica => replica.Clock);

    /// <summary>Whether its own log is whole, as far as it knows.</summary>
    public TailStatus Tail => Look(replica => replica.Tail);

    /// <summary>Whether <see cref="WriteAsync"/> would take an event.</summary>
    public bool CanWrite => Look(replica => replica.CanWrite);

    internal TimeProvider Time => _timeProvider;

    internal SyncOptions Sync => _sync;

    /// <summary>Opens a store; an empty one becomes a new replica.</summary>
    /// <param name="store">The store; used by nobody else.</param>
    /// <param name="options">How the node runs.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public static async Task<ReplicaNode> OpenAsync(
        IReplicaStore store,
        ReplicaNodeOptions options,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Installation.Length, 256, nameof(options));
        var (sync, time) = (options.Sync.Checked(), timeProvider ?? TimeProvider.System);
        var replica = await ResumeAsync(store, options, time, cancellationToken).ConfigureAwait(false);
        return new ReplicaNode(store, options, sync, time, replica);
    }

    /// <summary>Gives an event its place in this replica's log. Durable when it returns.</summary>
    /// <param name="envelope">What happened.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <exception cref="InvalidEventException">The event breaks a rule that some store would enforce.</exception>
    /// <exception cref="InvalidOperationException"><see cref="CanWrite"/> is false; nothing was written.</exception>
    public async Task<DeliveredEvent> WriteAsync(EventEnvelope envelope, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        EnvelopeRules.Check(envelope);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var written = Look(replica => replica.Write(envelope));
            await AppendAsync([written]).ConfigureAwait(false);
            return written;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// Goes on under a new origin: the way out when <see cref="Tail"/> says that the next dot may be taken. What was
    /// written before stays.
    /// </summary>
    /// <param name="cancellationToken">Gives up before the change.</param>
    public async Task<Origin> BeginIncarnationAsync(CancellationToken cancellationToken = default)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var next = Look(replica => replica.BeginIncarnation());
            await KeepStateAsync(() => _store.WriteIdentityAsync(
                new ReplicaIdentity(next, _options.Installation), CancellationToken.None)).ConfigureAwait(false);
            return next;
        }
        finally
        {
            _gate.Release();
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
        var pump = new SyncPump(this, transport);
        await using (transport.ConfigureAwait(false))
        {
            return await pump.RunAsync(role, checkpoint, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    internal SyncSession NewSession(SyncRole role, VectorClock? checkpoint) =>
        Look(replica => new SyncSession(role, replica, _sync, checkpoint));

    /// <summary>
    /// Lets a session take an input, and stores what came of it before anybody else may change the replica.
    /// </summary>
    /// <returns>What else is to be done.</returns>
    internal async Task<List<SyncOutput>> StepAsync(
        SyncSession session, SyncInput input, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var rest = new List<SyncOutput>();
            if (!ReferenceEquals(session.Replica, Look(replica => replica)))
            {
                rest.Add(new SyncOutput.Ended(SyncEndReason.StoreIncomplete, "the store failed meanwhile."));
                return rest;
            }

            var outputs = new Queue<SyncOutput>(Advance(session, input));
            while (outputs.TryDequeue(out var output))
            {
                if (output is not SyncOutput.Store store)
                {
                    rest.Add(output);
                    continue;
                }

                if (store.Events.Count > 0)
                {
                    await AppendAsync(store.Events).ConfigureAwait(false);
                }

                foreach (var next in Advance(session, new SyncInput.EventsStored()))
                {
                    outputs.Enqueue(next);
                }
            }

            return rest;
        }
        finally
        {
            _gate.Release();
        }
    }

    internal Task<IReadOnlyList<SyncEvent>> ReadAsync(SyncOutput.Read read, CancellationToken cancellationToken) =>
        _store.ReadAsync(read.After, read.UpTo, read.MaxEvents, read.MaxBytes, cancellationToken);

    private static async Task<Replica> ResumeAsync(
        IReplicaStore store, ReplicaNodeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var clock = new HybridClock(time, options.MaxDrift);
        if (await store.ReadIdentityAsync(cancellationToken).ConfigureAwait(false) is not { } identity)
        {
            var first = new Replica(ReplicaId.Create(time), clock, options.Replica);
            identity = new ReplicaIdentity(first.Self, options.Installation);
            await store.WriteIdentityAsync(identity, CancellationToken.None).ConfigureAwait(false);
            return first;
        }

        var heads = await store.ReadHeadsAsync(cancellationToken).ConfigureAwait(false);
        var replica = Replica.Resume(identity.Self, heads, clock, options.Replica);

        // Elsewhere it is a copy; and an empty log nobody can confirm, while a new one costs nothing.
        if (!string.Equals(identity.Installation, options.Installation, StringComparison.Ordinal)
            || replica.Clock[replica.Self] == 0)
        {
            var next = replica.BeginIncarnation();
            await store.WriteIdentityAsync(new ReplicaIdentity(next, options.Installation), CancellationToken.None)
                .ConfigureAwait(false);
        }

        return replica;
    }

    private T Look<T>(Func<Replica, T> look)
    {
        lock (_state)
        {
            return look(_replica);
        }
    }

    private IReadOnlyList<SyncOutput> Advance(SyncSession session, SyncInput input)
    {
        lock (_state)
        {
            return session.Step(input, _timeProvider.GetUtcNow());
        }
    }

    // Past this point the replica counts the events as known, so the caller's token is not passed on.
    private async Task AppendAsync(IReadOnlyList<DeliveredEvent> events)
    {
        await KeepStateAsync(() => _store.AppendAsync(events, CancellationToken.None)).ConfigureAwait(false);
        if (_options.OnDelivered is { } deliver)
        {
            foreach (var delivered in events)
            {
                deliver(delivered);
            }
        }
    }

    // The replica has run ahead of a store that failed: what the store holds is the truth.
    private async Task KeepStateAsync(Func<Task> write)
    {
        try
        {
            await write().ConfigureAwait(false);
        }
        catch
        {
            var resumed = await ResumeAsync(_store, _options, _timeProvider, CancellationToken.None)
                .ConfigureAwait(false);
            lock (_state)
            {
                _replica = resumed;
            }

            throw;
        }
    }
}
