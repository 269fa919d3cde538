using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// A replica with the store behind it: one holder of the gate at a time changes the replica, and stores what came of it
/// before anybody else may.
/// </summary>
/// <remarks>
/// A store that fails in the middle leaves the replica ahead of it. Then the replica is read from the store anew before
/// anybody uses it again; when that fails too, whoever comes next tries it again. What the store turns out to have kept
/// is delivered then; when that is all that was to be kept, the failure is none. What the application throws when it is
/// told of an event stops the telling, and nothing else: see <see cref="DeliveryStoppedException"/>.
/// </remarks>
internal sealed class GuardedReplica : IDisposable
{
    private readonly IReplicaStore _store;
    private readonly string _installation;
    private readonly ReplicaOptions _limits;
    private readonly Delivery _delivery;
    private readonly SemaphoreSlim _gate = new(1, 1);

    // Guards the replica for as long as it computes; never held over an await.
    private readonly Lock _state = new();
    private Replica _replica;

    // The logs that the store could not give to their ends when it was opened.
    private IReadOnlyList<OriginHead> _cut = [];

    // Guarded by the gate: the own log as it is durable, and whether the replica has run ahead of it.
    private OriginHead _durableEnd;
    private bool _isAhead;

    // Guarded by the gate: what was given to the store when the replica ran ahead.
    private IReadOnlyList<DeliveredEvent> _unsettled = [];

    private GuardedReplica(IReplicaStore store, ReplicaNodeOptions options, Replica replica)
    {
        (_store, _replica) = (store, replica);
        (_installation, _limits, _durableEnd) =
            (options.Installation, options.Replica.Checked(), replica.HeadOf(replica.Self));
        _delivery = new Delivery(options.OnDelivered, options.OnAhead);
    }

    /// <summary>
    /// Why the application is told of no event any more, or has not read again what it was not told; null otherwise.
    /// </summary>
    public DeliveryStoppedException? Stopped => _delivery.Stopped;

    /// <summary>Which branches were given up.</summary>
    public BranchAdoptions Adoptions { get; } = new();

    public static async Task<GuardedReplica> OpenAsync(
        IReplicaStore store,
        ReplicaNodeOptions options,
        SyncOptions sync,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var clock = new HybridClock(time, options.MaxDrift);
        var known = await store.ReadIdentityAsync(cancellationToken).ConfigureAwait(false);
        var identity = known
            ?? new ReplicaIdentity(new Origin(ReplicaId.Create(time, sync.Draw), 0), options.Installation);
        if (store is EventStoreReplicaStore kept)
        {
            await kept.CheckRoomAsync(options.Replica.Checked().MaxOrigins, cancellationToken).ConfigureAwait(false);
        }

        var heads = await store.ReadHeadsAsync(cancellationToken).ConfigureAwait(false);
        var replica = Replica.Resume(identity.Self, heads, clock, options.Replica);
        var guarded = new GuardedReplica(store, options, replica)
        {
            _cut = [.. heads.Where(head => head.DamagedUpTo > 0)],
        };
        if (known is null)
        {
            await store.WriteIdentityAsync(identity, CancellationToken.None).ConfigureAwait(false);
            replica.KeepTail(TailStatus.Sound);
            return guarded;
        }

        // Elsewhere it is a copy; and an empty log nobody can confirm, while a new one costs nothing.
        if (!string.Equals(identity.Installation, options.Installation, StringComparison.Ordinal)
            || identity.IsOfAnotherStore
            || replica.Clock[replica.Self] == 0)
        {
            var next = replica.BeginIncarnation(sync.DrawNumber);
            await store.WriteIdentityAsync(new ReplicaIdentity(next, options.Installation), CancellationToken.None)
                .ConfigureAwait(false);
        }

        return guarded;
    }

    public T Look<T>(Func<Replica, T> look)
    {
        lock (_state)
        {
            return look(_replica);
        }
    }

    public void Look(Action<Replica> look)
    {
        lock (_state)
        {
            look(_replica);
        }
    }

    /// <summary>What is damaged at the ends of logs, or behind that, and has not come back yet.</summary>
    public List<Dot> CutDots(int most) => Look(replica => _cut
        .SelectMany(head => Recovery.Missing(head, replica.HeadOf(head.Last.Origin).Last.Sequence))
        .Take(most)
        .ToList());

    /// <summary>Waits for the gate, and until the replica stands as its store does.</summary>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isAhead)
            {
                await CatchUpAsync().ConfigureAwait(false);
            }
        }
        catch
        {
            _gate.Release();
            throw;
        }
    }

    public void Leave() => _gate.Release();

    /// <summary>Stores what was delivered, and tells of it. The caller is inside of the gate.</summary>
    public async Task AppendAsync(IReadOnlyList<DeliveredEvent> events)
    {
        _unsettled = events;

        // Past this point the replica counts the events as known, so nobody's token is passed on.
        await KeepAsync(() => _store.AppendAsync(events, CancellationToken.None)).ConfigureAwait(false);
    }

    /// <summary>
    /// The same, for events of others: one that the store does not take is no part of the history, nor what builds on
    /// it, and the rest is.
    /// </summary>
    /// <returns>The events that are not.</returns>
    public async Task<IReadOnlyList<SyncEvent>> AppendWhatFitsAsync(IReadOnlyList<DeliveredEvent> events)
    {
        (_unsettled, var refused) = (events, (IReadOnlyList<SyncEvent>)[]);
        await KeepAsync(async () =>
        {
            try
            {
                await _store.AppendAsync(events, CancellationToken.None).ConfigureAwait(false);
            }
            catch (InvalidEventException)
            {
                (_unsettled, refused) = await SingleAppends.AppendAsync(_store, events).ConfigureAwait(false);
                var heads = await _store.ReadHeadsAsync(CancellationToken.None).ConfigureAwait(false);
                Look(replica => replica.ReadAnew([.. refused.Select(one => one.Dot.Origin)], heads));
            }
        }).ConfigureAwait(false);
        return refused;
    }

    /// <summary>
    /// Where a reading of the history begins, and its number: what comes behind it is told again. The caller is inside
    /// of the gate.
    /// </summary>
    public (VectorClock End, int Reading) BeginHistory() =>
        (Look(replica => replica.Clock), _delivery.BeginReading());

    /// <summary>The reading is over: to its end, or else the telling stops again.</summary>
    public void EndHistory(int reading, bool isWhole) => _delivery.EndReading(reading, isWhole);

    /// <summary>
    /// Has the store put a branch in the place of another. The caller is inside of the gate. What an exception leaves
    /// is found by whoever comes next.
    /// </summary>
    /// <returns>False when the store has no room for it.</returns>
    public async Task<bool> AdoptAsync(IBranchReplicaStore store, IReadOnlyList<SyncEvent> branch)
    {
        _isAhead = true;
        Adoptions.Begin(branch);
        var isAdopted = await store.AdoptAsync(branch, CancellationToken.None).ConfigureAwait(false);
        if (isAdopted)
        {
            var heads = await _store.ReadHeadsAsync(CancellationToken.None).ConfigureAwait(false);
            Look(replica => replica.ReadAnew([branch[0].Dot.Origin], heads));
            _delivery.StopForBranch();
        }

        Look(Adoptions.End);
        _isAhead = false;
        return isAdopted;
    }

    /// <summary>The same for logs that begin behind a snapshot; sessions that are under way are over then.</summary>
    public async Task BeginAsync(IBeginningReplicaStore store, SnapshotManifest snapshot, IReadOnlyList<Origin> logs)
    {
        _isAhead = true;
        await store.BeginAsync(snapshot, logs, CancellationToken.None).ConfigureAwait(false);
        await CatchUpAsync().ConfigureAwait(false);
    }

    /// <summary>Tells of what came ahead of its turn. The caller is inside of the gate.</summary>
    public void TellAhead(IReadOnlyList<SyncEvent> events) => _delivery.TellAhead(events);

    /// <summary>Stores who the replica is. The caller is inside of the gate.</summary>
    public Task WriteIdentityAsync(Origin self) => KeepAsync(() => _store.WriteIdentityAsync(
        new ReplicaIdentity(self, _installation), CancellationToken.None));

    public void Dispose() => _gate.Dispose();

    private async Task KeepAsync(Func<Task> write)
    {
        _isAhead = true;
        try
        {
            await write().ConfigureAwait(false);
            (_isAhead, _durableEnd) = (false, Look(replica => replica.HeadOf(replica.Self)));
            Tell(replica: null);
        }
        catch
        {
            if (!await TryCatchUpAsync().ConfigureAwait(false))
            {
                throw;
            }
        }
    }

    // Whether the store has kept all of what the replica knows: then the write came through, whatever was thrown.
    private async Task<bool> TryCatchUpAsync()
    {
        try
        {
            return await CatchUpAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The caller is told of the first failure. As the replica is still ahead, the next one is told of this.
            return false;
        }
    }

    private async Task<bool> CatchUpAsync()
    {
        var ahead = Look(replica => replica);
        var identity = await _store.ReadIdentityAsync(CancellationToken.None).ConfigureAwait(false);
        var heads = await _store.ReadHeadsAsync(CancellationToken.None).ConfigureAwait(false);
        var resumed = Replica.Resume(
            identity?.Self ?? ahead.Self,
            heads.Select(head => Recovery.Whole(head, ahead, _unsettled)),
            ahead.Time,
            _limits);
        var end = resumed.HeadOf(resumed.Self);
        var isWhole = Recovery.KnowTheSame(resumed, ahead);
        if (resumed.Self == ahead.Self && (end.Hash == _durableEnd.Hash || end.Hash == ahead.HashOf(ahead.Self)))
        {
            // It ends where it ended, or with what was just written: nobody has put another disk under the process.
            resumed.KeepTail(ahead.Tail);
        }

        if (!isWhole)
        {
            // Sessions that know more than the store are over.
            lock (_state)
            {
                _replica = resumed;
            }
        }

        (_isAhead, _durableEnd) = (false, end);
        Adoptions.End(resumed);
        Tell(resumed);
        Recovery.StopWhatIsWrong(_delivery, resumed, ahead);
        return isWhole;
    }

    // All that was to be stored, or of that what a replica that was read anew has.
    private void Tell(Replica? replica)
    {
        var events = _unsettled;
        _unsettled = [];
        foreach (var delivered in events)
        {
            if (replica is null || Recovery.Holds(replica, delivered.Event))
            {
                _delivery.Tell(delivered);
            }
        }
    }
}
