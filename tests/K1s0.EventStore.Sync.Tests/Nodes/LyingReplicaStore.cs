namespace K1s0.EventStore.Sync.Tests;

/// <summary>The store of a peer that lies when it is asked for events that are damaged elsewhere.</summary>
internal sealed class LyingReplicaStore(IRepairableReplicaStore inner) : IRepairableReplicaStore
{
    /// <summary>Whether it also says that it has the forged events, or names the right ones and gives others.</summary>
    public bool LiesInComparisons { get; set; }

    public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
        inner.ReadIdentityAsync(cancellationToken);

    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) =>
        inner.WriteIdentityAsync(identity, cancellationToken);

    public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default) =>
        inner.ReadHeadsAsync(cancellationToken);

    public Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken);

    public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(events, cancellationToken);

    public async Task<IReadOnlyList<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken = default)
    {
        var links = await inner.ReadLinksAsync(origin, first, last, cancellationToken);
        if (!LiesInComparisons)
        {
            return links;
        }

        var whole = await inner.ReadWholeAsync(
            origin, [.. links.Select(link => link.Sequence)], int.MaxValue, cancellationToken);
        return [.. whole.Select(Forge).Select(one => new LogLink(one.Dot.Sequence, one.Hash, one.Previous))];
    }

    public async Task<IReadOnlyList<SyncEvent>> ReadWholeAsync(
        Origin origin, IReadOnlyList<long> sequences, int maxBytes, CancellationToken cancellationToken = default) =>
        [.. (await inner.ReadWholeAsync(origin, sequences, maxBytes, cancellationToken)).Select(Forge)];

    public Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken = default) =>
        inner.RepairAsync(events, cancellationToken);

    // Whole in itself, and on the right predecessor: only the hash that the log demands tells it apart.
    private static SyncEvent Forge(SyncEvent one) => SyncEvent.Create(
        one.Dot, one.Time, one.Previous, one.Observed, one.Envelope with { PayloadUtf8 = "\"forged\""u8.ToArray() });
}
