namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// The snapshots of a node: states that were made of its events, published by it or taken from peers. A node gives what
/// is installed here to every peer that may have it.
/// </summary>
/// <remarks>Safe for several threads. Needs <see cref="ReplicaNodeOptions.Snapshots"/>.</remarks>
public sealed class NodeSnapshots
{
    private readonly ReplicaNode _node;
    private readonly IReplicaStore _logs;
    private readonly GuardedReplica _guarded;
    private readonly SnapshotLibrary? _library;
    private readonly LogBeginning _beginning;
    private readonly long _maxBytes;

    internal NodeSnapshots(
        ReplicaNode node, IReplicaStore logs, GuardedReplica guarded, ReplicaNodeOptions options, LogDamage? damage)
    {
        (_node, _logs, _guarded, _maxBytes) = (node, logs, guarded, options.MaxSnapshotBytes);
        _beginning = new LogBeginning(logs, guarded, damage, options.Replica.MaxOrigins);
        _library = options.Snapshots is null ? null : new SnapshotLibrary(options.Snapshots);
    }

    /// <summary>Whether the node keeps snapshots at all.</summary>
    public bool AreKept => _library is not null;

    private SnapshotLibrary Library =>
        _library ?? throw new InvalidOperationException($"{nameof(ReplicaNodeOptions.Snapshots)} is not set.");

    /// <summary>
    /// Makes a snapshot of a state and installs it here, so that peers can take it. Chunks that the last one has too
    /// are not written again.
    /// </summary>
    /// <param name="name">1 to 64 of <c>a</c> to <c>z</c>, <c>0</c> to <c>9</c> and <c>-</c>.</param>
    /// <param name="schemaVersion">The version of the layout of keys and values, 1 or more.</param>
    /// <param name="capture">
    /// Gives the state as of everything that was delivered so far, by ascending key. Called once, while nothing is
    /// delivered; what it returns is read afterwards, and must not change when more is delivered.
    /// </param>
    /// <param name="cancellationToken">Gives up; the snapshot before stays installed.</param>
    /// <returns>What is installed now.</returns>
    /// <exception cref="ArgumentException">
    /// The name or an entry is out of range, keys do not ascend, or the state is too large, or more origins have seen
    /// each other than fit into a manifest (some 512): the message says which; nothing was installed.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The node keeps no snapshots; or the installed one has events that are not here, is as of the same events and
    /// another state, or names another event in some place. Nothing was installed.
    /// </exception>
    /// <exception cref="DeliveryStoppedException">
    /// <see cref="ReplicaNode.DeliveryStopped"/> is not null: views lack events that are here. Nothing was installed.
    /// </exception>
    public async Task<SnapshotManifest> PublishAsync(
        string name,
        int schemaVersion,
        Func<IEnumerable<SnapshotEntry>> capture,
        CancellationToken cancellationToken = default)
    {
        SnapshotLimits.CheckName(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
        ArgumentNullException.ThrowIfNull(capture);
        await Library.ClaimAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            var (heads, entries) = await CaptureAsync(capture, cancellationToken).ConfigureAwait(false);
            var (manifest, end) = await Library.PublishAsync(name, schemaVersion, heads, entries, cancellationToken)
                .ConfigureAwait(false);
            return end is SnapshotEnd.Installed or SnapshotEnd.AlreadyInstalled
                ? manifest
                : throw new InvalidOperationException($"The snapshot {manifest} was not installed: {end}.");
        }
        finally
        {
            Library.Release(name);
        }
    }

    /// <summary>
    /// Takes a snapshot from a peer: what is not here is pulled chunk by chunk, and nothing is seen of it before all of
    /// it is verified and installed at one instant. What a session that was cut has brought is not asked for again.
    /// </summary>
    /// <param name="transport">The connection to a peer that answers; disposed at the end.</param>
    /// <param name="name">The name.</param>
    /// <param name="schemaVersion">The schema version; a snapshot of another one is not taken.</param>
    /// <param name="cancellationToken">Ends the session; the chunks that came are kept.</param>
    /// <returns>
    /// What happened; <see cref="SyncOutcome.Snapshot"/> says what became of the snapshot.
    /// </returns>
    /// <exception cref="InvalidOperationException">The node keeps no snapshots.</exception>
    public async Task<SyncOutcome> TakeAsync(
        ISyncTransport transport, string name, int schemaVersion, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transport);
        await using (transport.ConfigureAwait(false))
        {
            SnapshotLimits.CheckName(name);
            ArgumentOutOfRangeException.ThrowIfLessThan(schemaVersion, 1);
            if (!Library.TryClaim(name))
            {
                return new SyncOutcome(SyncEndReason.Failed, "another transfer of the snapshot is under way.", null)
                {
                    Snapshot = new SnapshotReport(SnapshotEnd.Busy, null, 0, 0, 0, 0),
                };
            }

            try
            {
                var wanted = new SnapshotRequest(name, schemaVersion, _maxBytes);
                return await TakeAsync(transport, wanted, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                Library.Release(name);
            }
        }
    }

    /// <summary>
    /// Has the logs of this node begin behind the ends that the installed snapshot names, where it holds less: of these
    /// logs the events up to there are as good as delivered, and peers need not give them. All logs at one instant, and
    /// durable when it returns; an exception or a crash leaves all as they were or all as they are to be, and calling
    /// it again ends it. Sessions that are under way end as <see cref="SyncEndReason.StoreIncomplete"/>, and readings
    /// of the history with an exception.
    /// </summary>
    /// <remarks>
    /// <para>From then on views are built from a snapshot that covers <see cref="ReplicaNode.BeginsBehind"/> and from
    /// <see cref="ReadEventsAfterAsync"/>; <see cref="ReplicaNode.ReadHistoryAsync"/> refuses. Until that was read to
    /// its end, <see cref="ReplicaNode.DeliveryStopped"/> says that views lack what the snapshot has.</para>
    /// <para>The peer that gave the snapshot is believed: that the ends are those of the logs and the state is what
    /// they amount to. What contradicts what is here is refused, as far as it can be seen: an end whose event is here.
    /// What is here of a log that is shorter than the snapshot's cannot be compared, and is left aside.</para>
    /// </remarks>
    /// <param name="name">The name of a snapshot that was taken, or published.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>What happened; nothing has changed unless it says so.</returns>
    /// <exception cref="InvalidOperationException">The node keeps no snapshots.</exception>
    /// <exception cref="NotSupportedException">The store is no <see cref="IBeginningReplicaStore"/>.</exception>
    /// <exception cref="InvalidFormatException">The stored manifest is damaged: take it anew.</exception>
    public async Task<BeginReport> BeginFromAsync(string name, CancellationToken cancellationToken = default)
    {
        SnapshotLimits.CheckName(name);
        await Library.ClaimAsync(name, cancellationToken).ConfigureAwait(false);
        try
        {
            var manifest = await Library.ReadInstalledAsync(name, cancellationToken).ConfigureAwait(false);
            return manifest is null
                ? new BeginReport(BeginEnd.NoSnapshot)
                : await Library.DoAsync(new SnapshotWork.Verify(manifest), cancellationToken).ConfigureAwait(false)
                    is SnapshotResult.Verified { IsWhole: true }
                    ? await _beginning.BeginAsync(manifest, cancellationToken).ConfigureAwait(false)
                    : new BeginReport(BeginEnd.SnapshotDamaged);
        }
        finally
        {
            Library.Release(name);
        }
    }

    /// <summary>The snapshot that is installed here; null when there is none.</summary>
    /// <param name="name">The name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="InvalidFormatException">The stored manifest is damaged: publish or take it anew.</exception>
    /// <exception cref="UnsupportedFormatException">The stored manifest is of another version.</exception>
    /// <exception cref="InvalidOperationException">The node keeps no snapshots.</exception>
    public async Task<InstalledSnapshot?> ReadAsync(string name, CancellationToken cancellationToken = default)
    {
        SnapshotLimits.CheckName(name);
        return await Library.ReadInstalledAsync(name, cancellationToken).ConfigureAwait(false) is { } manifest
            ? new InstalledSnapshot(manifest, Library)
            : null;
    }

    /// <summary>
    /// The events that are here and not in a snapshot, causes before effects: what has to be applied to its state. What
    /// is delivered meanwhile comes through <see cref="ReplicaNodeOptions.OnDelivered"/>, also where that had stopped.
    /// What the snapshot has and is not here yet comes that way too, later: a fold leaves out what the snapshot covers.
    /// </summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidFormatException">The store does not give an event that it holds.</exception>
    /// <exception cref="InvalidOperationException">
    /// Logs begin behind a later snapshot here (<see cref="ReplicaNode.BeginsBehind"/>).
    /// </exception>
    public IAsyncEnumerable<DeliveredEvent> ReadEventsAfterAsync(
        SnapshotManifest snapshot, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return HistoryReader.ReadAnewAsync(_guarded, _logs, _node.Sync, snapshot.Heads, cancellationToken);
    }

    /// <summary>Looks at the options before anything is done.</summary>
    internal static void Check(ReplicaNodeOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxSnapshotBytes, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            options.MaxSnapshotBytes, SnapshotLimits.MaxBytes, nameof(options));
    }

    internal async Task<SnapshotResult> DoAsync(SnapshotWork work, CancellationToken cancellationToken)
    {
        var done = await Library.DoAsync(work, cancellationToken).ConfigureAwait(false);
        var isGivenUp = work is SnapshotWork.ReadManifest
            && done is SnapshotResult.ManifestRead { Manifest: { } manifest }
            && await IsOfGivenUpBranchAsync(manifest, cancellationToken).ConfigureAwait(false);
        return isGivenUp ? new SnapshotResult.ManifestRead(null) : done;
    }

    // Who took it could not read on behind it, as nobody can here.
    private async Task<bool> IsOfGivenUpBranchAsync(SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        foreach (var head in manifest.Heads)
        {
            var (dot, known) = (head.Last, _guarded.Look(replica => replica.HeadOf(head.Last.Origin)));
            if (known.WasAdopted && dot.Sequence <= known.Last.Sequence && _logs is IRepairableReplicaStore store
                && await store.ReadLinksAsync(dot.Origin, dot.Sequence, dot.Sequence, cancellationToken)
                    .ConfigureAwait(false) is [var link]
                && link.Hash != head.Hash)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<SyncOutcome> TakeAsync(
        ISyncTransport transport, SnapshotRequest wanted, CancellationToken cancellationToken)
    {
        const SyncRole role = SyncRole.Initiator;
        var metered = new MeteredTransport(transport, _node.Time);
        var pump = new SyncPump(_node, metered);
        return await SyncTelemetry
            .MeasureAsync(role, metered, _node.Time, () => pump.RunAsync(role, null, cancellationToken, wanted))
            .ConfigureAwait(false);
    }

    private async Task<(List<OriginHead> Heads, IEnumerable<SnapshotEntry> Entries)> CaptureAsync(
        Func<IEnumerable<SnapshotEntry>> capture, CancellationToken cancellationToken)
    {
        await _guarded.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_guarded.Stopped is { } stopped)
            {
                // The view has not seen what the frontier would say that it has.
                throw new DeliveryStoppedException(stopped.Undelivered, stopped.InnerException!);
            }

            return (_guarded.Look(Heads), capture());
        }
        finally
        {
            _guarded.Leave();
        }
    }

    private static List<OriginHead> Heads(Replica replica)
    {
        var heads = new List<OriginHead>();
        foreach (var dot in replica.Clock.Entries)
        {
            heads.Add(replica.HeadOf(dot.Origin));
        }

        return heads;
    }
}
