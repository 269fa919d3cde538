using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>A log whose answers a test changes, holds up, or takes away.</summary>
internal sealed class SteeredLedger(ILedgerStore inner) : ILedgerStore
{
    public Func<Task<SealedHead>, Task<SealedHead>> Head { get; set; } = answer => answer;

    public Func<Task<SealedHead?>, Task<SealedHead?>> SignedHead { get; set; } = answer => answer;

    public Func<Task<LocatedLeaf?>, Task<LocatedLeaf?>> Leaf { get; set; } = answer => answer;

    public Func<long, IReadOnlyList<LeafRecord>, IReadOnlyList<LeafRecord>> Records { get; set; } =
        (_, records) => records;

    public Func<long, Task<IReadOnlyList<LeafRun>>, Task<IReadOnlyList<LeafRun>>> Runs { get; set; } =
        (_, answer) => answer;

    public Func<MerkleTile, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> Tile { get; set; } = (_, bytes) => bytes;

    public Task<SealedHead> GetHeadAsync(CancellationToken cancellationToken) =>
        Head(inner.GetHeadAsync(cancellationToken));

    public Task<SealedHead?> GetSignedHeadAsync(CancellationToken cancellationToken) =>
        SignedHead(inner.GetSignedHeadAsync(cancellationToken));

    public Task<IReadOnlyList<SettledLeaf>> ReadUnsealedAsync(
        Position after, int maxCount, CancellationToken cancellationToken) =>
        inner.ReadUnsealedAsync(after, maxCount, cancellationToken);

    public Task<SealedHead> SealAsync(Lease lease, SealedBatch batch, CancellationToken cancellationToken) =>
        inner.SealAsync(lease, batch, cancellationToken);

    public Task ConfirmAsync(Lease lease, CancellationToken cancellationToken) =>
        inner.ConfirmAsync(lease, cancellationToken);

    public Task<bool> SaveNoteAsync(SealedHead head, SignedNote note, CancellationToken cancellationToken) =>
        inner.SaveNoteAsync(head, note, cancellationToken);

    public Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken) =>
        Leaf(inner.FindAsync(eventId, cancellationToken));

    public async Task<IReadOnlyList<LeafRecord>> ReadSealedAsync(
        long firstIndex, int count, CancellationToken cancellationToken) =>
        Records(firstIndex, await inner.ReadSealedAsync(firstIndex, count, cancellationToken));

    public Task<IReadOnlyList<LeafRun>> ReadRunsAsync(
        long fromIndex, int maxCount, CancellationToken cancellationToken) =>
        Runs(fromIndex, inner.ReadRunsAsync(fromIndex, maxCount, cancellationToken));

    public Task<EventEnvelope?> LoadEventAsync(Guid eventId, CancellationToken cancellationToken) =>
        inner.LoadEventAsync(eventId, cancellationToken);

    public Task<LedgerStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        inner.GetStatusAsync(cancellationToken);

    public async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> tiles, CancellationToken cancellationToken) =>
        [.. tiles.Zip(await inner.ReadAsync(tiles, cancellationToken), (tile, bytes) => Tile(tile, bytes))];
}
