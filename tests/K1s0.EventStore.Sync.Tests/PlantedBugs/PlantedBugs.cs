namespace K1s0.EventStore.Sync.Tests;

/// <summary>The mistakes that the simulation has to find.</summary>
public static class PlantedBugs
{
    /// <summary>So many seeds are enough for each.</summary>
    public const int Seeds = 600;

    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        // Logs and clocks.
        new("a dot is delivered twice", "Logs/Replica.cs", "if (candidate.Dot.Sequence <= known)", "if (candidate.Dot.Sequence < known)", 3),
        new("effects come before causes", "Logs/Replica.cs", "|| causes.Sequence < cause.Sequence)", "|| causes.Sequence < cause.Sequence - 1)", 3),
        new("a stored log goes on without a witness", "Logs/Replica.cs", "new Replica(self, time, options, TailStatus.Unwitnessed)", "new Replica(self, time, options, TailStatus.Sound)", 2),
        new("what was seen before a restart is forgotten", "Logs/Replica.cs", "        replica.FindNews();\n", "", 11),
        new("a lost end is not noticed", "Logs/Replica.cs", "? Worse(TailStatus.Lost)\n", "? TailStatus.Sound\n", 7),
        new("the chain is not looked at", "Logs/OriginLog.cs", "next.Previous != _hash ? Admission.Forked", "next.Previous == default ? Admission.Forked"),
        new("the clock runs backwards with the wall", "Clocks/HybridClock.cs", "_last = wall > _last ? wall :", "_last = wall != _last ? wall :"),
        new("the clock does not follow what it hears", "Clocks/HybridClock.cs", "_last = time > _last ? time : _last;", "_last = time > _last ? _last : _last;", 3),
        new("the future is believed", "Clocks/HybridClock.cs", "time.UnixMilliseconds <= limit.UnixMilliseconds ?", "time.UnixMilliseconds >= 0 ?", 4),

        // Nodes and stores.
        new("a batch of one is confirmed without being stored", "Nodes/StoreCommands.cs", "if (wanted.Events.Count > 0)", "if (wanted.Events.Count > 1)"),
        new("a store that failed is not read anew", "Nodes/GuardedReplica.cs", "            if (_isAhead)\n", "            if (_isAhead && _limits is null)\n"),
        new("what a write of unknown outcome left is not told", "Nodes/GuardedReplica.cs", "        Tell(resumed);\n", "        _unsettled = [];\n"),
        new("a new incarnation is not stored", "Nodes/GuardedReplica.cs", "new ReplicaIdentity(self, _installation)", "new ReplicaIdentity(_durableEnd.Last.Origin, _installation)", 7),
        new("a copy takes itself for the original", "Nodes/GuardedReplica.cs", "if (!string.Equals(identity.Installation, options.Installation, StringComparison.Ordinal)", "if (false", 3),
        new("the context of a log is read from its last event only", "Nodes/StoredHeads.cs", "part.Seen.Merge(context ?? read.Observed)", "(context ?? read.Observed)", 30),
        new("the disk confirms before it flushes", "Simulation/SimulatedDisk.cs", "        Flush();\n        switch (fault)", "        switch (fault)"),
        new("a page of the store is not in order", "Nodes/InMemoryReplicaStore.cs", "foreach (var next in CausalMerge.Merge(Wanted(after, upTo), Everything()))", "foreach (var next in CausalMerge.Merge(Wanted(after, upTo), Everything()).Reverse())"),

        // Sessions.
        new("a round ends before its events are confirmed", "Protocol/SyncSender.cs", "_hasSaidDone && unconfirmed.Count == 0", "_hasSaidDone"),
        new("an incomplete vector is taken for equality", "Protocol/VectorFrame.cs", "            hash.AppendData(entry);", "            hash.AppendData(entry[..24]);"),
        new("a point of another life is offered", "Protocol/SyncRound.cs", "checkpoint is not null && replica.Clock.Covers(checkpoint) ? checkpoint : null", "checkpoint", 6),
        new("the end of a log is not sent", "Protocol/SyncSender.cs", "if (known < dot.Sequence)", "if (known + 1 < dot.Sequence)"),
        new("what waited is not looked at again", "Logs/Replica.cs", "                        released.Enqueue(follower);\n", ""),
        new("a point includes what the peer refused", "Protocol/SyncRound.cs", "forks.Count == 0 && _sender.HasAllConfirmed;", "forks.Count == 0;", 4),
        new("the point is where the replica is, not where it was", "Protocol/SyncRound.cs", "                reader.End();\n                _isInSync = true;\n", "                reader.End();\n                _isInSync = true;\n                _mine = _replica.Clock;\n", 11),
        new("frames are confirmed that were not stored", "Protocol/SyncReceiver.cs", "_framesStored++;", "_framesStored += 2;"),
        new("a repeated frame opens", "Protocol/FrameSeal.cs", "        hash.AppendData(counter);\n", "", 12),
        new("a changed frame opens", "Protocol/FrameSeal.cs", "return CryptographicOperations.FixedTimeEquals(tag, sealedFrame.Span[frame.Length..]);", "return true;", 12),
        new("the first event of a log has no place", "Protocol/EventBatchWriter.cs", "== dot.Sequence - 1 && dot.Sequence > 1;", "== dot.Sequence - 1;"),

        // Conflicts and comparisons.
        new("an event does not know of those before it", "Logs/DeliveredEvent.cs", "dot.Origin == Event.Dot.Origin ? dot.Sequence <= Event.Dot.Sequence", "dot.Origin == Event.Dot.Origin ? dot.Sequence == Event.Dot.Sequence"),
        new("ties are broken by who came first", "Logs/EventOrder.cs", "var byOrigin = byTime != 0 ? byTime : Origin.Compare(x.Dot.Origin, y.Dot.Origin);", "var byOrigin = byTime;", 3),
        new("a removal removes what it did not know of", "Conflicts/SetPolicy.cs", "additions.RemoveAll(delivered.HasSeen);", "additions.Clear();"),
        new("a sibling is left out of the comparison", "Reconciliation/MerkleDiff.cs", "var differs = isLast ? difference != default : own != others;", "var differs = !isLast && own != others;"),

        // Repair.
        new("what a peer gives for a damaged event is believed", "Reconciliation/LogDamage.cs", "if (Find(dot)?.Demanded != candidate.Hash)", "if (Find(dot) is null)", 65),
        new("a repair is confirmed without being stored", "Nodes/StoreCommands.cs", "                await Repairable.RepairAsync(repair.Events, CancellationToken.None).ConfigureAwait(false);\n", "", 3),
        new("who has the same is not asked for repairs", "Protocol/SyncRound.cs", "WantsRepair ? default : Digest()", "Digest()", 79),
        new("what is demanded below a repair is forgotten", "Reconciliation/LogDamage.cs", "waiting with { Demanded = candidate.Previous };", "waiting;", 3),

        // Gossip.
        new("nobody is granted a session", "Gossip/GossipState.cs", "asked.Session && differs && _grants.TryTake(now)", "asked.Session && !differs && _grants.TryTake(now)", 11),
        new("a session is never over", "Gossip/GossipState.cs", "        _synchronising.Remove(address);\n", "", 7),
        new("who was lost is never tried again", "Gossip/GossipMembers.cs", "if (tick % 4 == 3 && Any", "if (tick < 0 && Any", 382),
        new("who has the same is taken to have something else", "Gossip/GossipState.cs", "view.Digest is { } ours && theirs != ours", "view.Digest is { } ours && theirs == ours", 7),

        // Snapshots.
        new("a snapshot that lacks events takes the place of another", "Snapshots/SnapshotRules.cs", "relation is CausalRelation.Before or CausalRelation.Concurrent ?", "relation is CausalRelation.Before ?", 6),
        new("a chunk that rots is given", "Snapshots/SnapshotLibrary.cs", "content is { } bytes && chunk.IsMadeOf(bytes.Span) ? content : null", "content", 39),
        new("a publication that fails leaves chunks", "Snapshots/SnapshotLibrary.cs", "            await TrySweepAsync(name, written).ConfigureAwait(false);\n", "", 2),
        new("what is installed is removed for what is coming", "Snapshots/SnapshotLibrary.cs", "RemoveUnusedAsync(there, manifest, installed, cancellationToken)", "RemoveUnusedAsync(there, manifest, null, cancellationToken)", 65),

        // Branches.
        new("a branch is adopted without being stored", "Branches/BranchAdoption.cs", "await guarded.AdoptAsync(store, wanted.Branch).ConfigureAwait(false) ? null", "await Task.FromResult(true).ConfigureAwait(false) ? null", 15),
        new("what was given up is not set aside", "Nodes/InMemoryReplicaStore.cs", "                _givenUp.Add(log[at].Event);\n", "", 15),

        // Queues of operations.
        new("an operation is acknowledged without being stored", "Offline/QueueState.cs", "                await store.WriteAsync(draft.Changes, CancellationToken.None).ConfigureAwait(false);\n", ""),
        new("a queue is not read anew after its store failed", "Offline/QueueState.cs", "                _isBehind = true;\n", ""),
        new("an operation that was sent is merged", "Offline/QueueDraft.cs", "is not { IsDead: false, WasSent: false } last", "is not { IsDead: false } last", 3),
        new("what was merged is forgotten", "Offline/QueueDraft.cs", "[.. last.Operation.Absorbed, last.Operation.Id]", "[last.Operation.Id]", 2),
        new("a merged operation is queued again", "Offline/QueueIndex.cs", "            _byId[id] = entry.Number;\n", "            _byId[id] = 0;\n", 2),
        new("an operation that failed is taken off", "Offline/QueueDraft.cs", "case OperationOutcome.Applied or OperationOutcome.AlreadyApplied:", "case OperationOutcome.Applied or OperationOutcome.AlreadyApplied or OperationOutcome.NotTried:", 2),

        // Transactions.
        new("a prepared node decides by itself", "Transactions/TransactionParticipant.cs", "        if (status is TransactionStatus.Undecided)\n        {\n            return false;\n        }\n", "", 112),
        new("a commit is told before it is written", "Transactions/TransactionCoordinator.cs", "                await WriteDecisionAsync(id, TransactionStreams.Committed, names).ConfigureAwait(false);\n", ""),
        new("a yes is not durable", "Transactions/ParticipantLog.cs", "            await Appender.AppendAsync(intents, CancellationToken.None).ConfigureAwait(false);\n", "", 4),
        new("one refusal is overlooked", "Transactions/TransactionCoordinator.cs", "votes.FirstOrDefault(vote => !vote.IsYes)?.Reason", "votes.LastOrDefault()?.Reason"),
        new("a participant is not read anew after its store failed", "Transactions/TransactionParticipant.cs", "            _isUncertain = true;\n", "            _isUncertain = false;\n", 10),
    ];
}
