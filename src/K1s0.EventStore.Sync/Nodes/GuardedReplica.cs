namespace K1s0.EventStore.Sync;

/// <summary>
/// A replica with the store behind it: one holder of the gate at a time changes the replica, and stores what came of it
/// before anybody else may.
/// </summary>
/// <remarks>
/// A store that fails in the middle leaves the replica ahead of it. Then the replica is read from the store anew before
/// anybody uses it again; when that fails too, whoever comes next tries it again.
/// </remarks>
internal sealed class GuardedReplica : IDisposable
{
    private readonly IReplicaStore _store;
    private readonly string _installation;
    private readonly ReplicaOptions _limits;
    private readonly Action<DeliveredEvent>? _deliver;
    private readonly Action<SyncEvent>? _tellAhead;
    private readonly SemaphoreSlim _gate = new(1, 1);

    // Guards the replica for as long as it computes; never held over an await.
    private readonly Lock _state = new();
    private Replica _replica;

    // Guarded by the gate: the own log as it is durable, and whether the replica has run ahead of it.
    private OriginHead _durableEnd;
    private bool _isAhead;

    private GuardedReplica(IReplicaStore store, ReplicaNodeOptions options, Replica replica)
    {
        (_store, _replica) = (store, replica);
        (_installation, _limits, _deliver) = (options.Installation, options.Replica.Checked(), options.OnDelivered);
        (_durableEnd, _tellAhead) = (replica.HeadOf(replica.Self), options.OnAhead);
    }

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
        var heads = await store.ReadHeadsAsync(cancellationToken).ConfigureAwait(false);
        var replica = Replica.Resume(identity.Self, heads, clock, options.Replica);
        if (known is null)
        {
            await store.WriteIdentityAsync(identity, CancellationToken.None).ConfigureAwait(false);
            replica.KeepTail(TailStatus.Sound);
            return new GuardedReplica(store, options, replica);
        }

        // Elsewhere it is a copy; and an empty log nobody can confirm, while a new one costs nothing.
        if (!string.Equals(identity.Installation, options.Installation, StringComparison.Ordinal)
            || replica.Clock[replica.Self] == 0)
        {
            var next = replica.BeginIncarnation(sync.DrawNumber);
            await store.WriteIdentityAsync(new ReplicaIdentity(next, options.Installation), CancellationToken.None)
                .ConfigureAwait(false);
        }

        return new GuardedReplica(store, options, replica);
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
        // Past this point the replica counts the events as known, so nobody's token is passed on.
        await KeepAsync(() => _store.AppendAsync(events, CancellationToken.None)).ConfigureAwait(false);
        if (_deliver is not null)
        {
            foreach (var delivered in events)
            {
                _deliver(delivered);
            }
        }
    }

    /// <summary>Tells of what came ahead of its turn. The caller is inside of the gate.</summary>
    public void TellAhead(IReadOnlyList<SyncEvent> events)
    {
        foreach (var ahead in events)
        {
            _tellAhead?.Invoke(ahead);
        }
    }

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
        }
        catch
        {
            await TryCatchUpAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task TryCatchUpAsync()
    {
        try
        {
            await CatchUpAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The caller is told of the first failure. As the replica is still ahead, the next one is told of this.
        }
    }

    private async Task CatchUpAsync()
    {
        var ahead = Look(replica => replica);
        var identity = await _store.ReadIdentityAsync(CancellationToken.None).ConfigureAwait(false);
        var heads = await _store.ReadHeadsAsync(CancellationToken.None).ConfigureAwait(false);
        var resumed = Replica.Resume(identity?.Self ?? ahead.Self, heads, ahead.Time, _limits);
        var end = resumed.HeadOf(resumed.Self);
        if (resumed.Self == ahead.Self && (end.Hash == _durableEnd.Hash || end.Hash == ahead.HashOf(ahead.Self)))
        {
            // It ends where it ended, or with what was just written: nobody has put another disk under the process.
            resumed.KeepTail(ahead.Tail);
        }

        lock (_state)
        {
            _replica = resumed;
        }

        (_isAhead, _durableEnd) = (false, end);
    }
}
