using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A ledger store that calls a test at the steps of the sealer.</summary>
/// <param name="inner">The ledger store.</param>
/// <param name="tiles">Where tiles are read instead; null for nowhere else.</param>
internal sealed class StepLedger(ILedgerStore inner, ITileReader? tiles = null) : ILedgerStore
{
    /// <summary>What becomes of leaves that were read to be sealed.</summary>
    public Func<IReadOnlyList<SettledLeaf>, IReadOnlyList<SettledLeaf>> AfterRead { get; set; } = leaves => leaves;

    /// <summary>Called after leaves were read and hashed, before the batch is sent.</summary>
    public Func<Task> BeforeSeal { get; set; } = () => Task.CompletedTask;

    /// <summary>Called after the batch committed, before the sealer learns of it.</summary>
    public Func<Task> AfterSeal { get; set; } = () => Task.CompletedTask;

    /// <summary>Called after a head was signed, before the signature is stored.</summary>
    public Func<Task> BeforeSaveNote { get; set; } = () => Task.CompletedTask;

    /// <summary>Called after the signature was stored.</summary>
    public Func<Task> AfterSaveNote { get; set; } = () => Task.CompletedTask;

    public Task<SealedHead> GetHeadAsync(CancellationToken cancellationToken) => inner.GetHeadAsync(cancellationToken);

    public Task<SealedHead?> GetSignedHeadAsync(CancellationToken cancellationToken) =>
        inner.GetSignedHeadAsync(cancellationToken);

    public async Task<IReadOnlyList<SettledLeaf>> ReadUnsealedAsync(
        Position after, int maxCount, CancellationToken cancellationToken) =>
        AfterRead(await inner.ReadUnsealedAsync(after, maxCount, cancellationToken));

    public async Task<SealedHead> SealAsync(Lease lease, SealedBatch batch, CancellationToken cancellationToken)
    {
        await BeforeSeal();
        var head = await inner.SealAsync(lease, batch, cancellationToken);
        await AfterSeal();
        return head;
    }

    public Task ConfirmAsync(Lease lease, CancellationToken cancellationToken) =>
        inner.ConfirmAsync(lease, cancellationToken);

    public async Task<bool> SaveNoteAsync(SealedHead head, SignedNote note, CancellationToken cancellationToken)
    {
        await BeforeSaveNote();
        var isThere = await inner.SaveNoteAsync(head, note, cancellationToken);
        await AfterSaveNote();
        return isThere;
    }

    public Task<bool> ConfirmNoteAsync(SealedHead head, CancellationToken cancellationToken) =>
        inner.ConfirmNoteAsync(head, cancellationToken);

    public Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken) =>
        inner.FindAsync(eventId, cancellationToken);

    public Task<IReadOnlyList<LeafRecord>> ReadSealedAsync(
        long firstIndex, int count, CancellationToken cancellationToken) =>
        inner.ReadSealedAsync(firstIndex, count, cancellationToken);

    public Task<IReadOnlyList<LeafRun>> ReadRunsAsync(
        long fromIndex, int maxCount, CancellationToken cancellationToken) =>
        inner.ReadRunsAsync(fromIndex, maxCount, cancellationToken);

    public Task<EventEnvelope?> LoadEventAsync(Guid eventId, CancellationToken cancellationToken) =>
        inner.LoadEventAsync(eventId, cancellationToken);

    public Task<LedgerStatus> GetStatusAsync(CancellationToken cancellationToken) =>
        inner.GetStatusAsync(cancellationToken);

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> wanted, CancellationToken cancellationToken) =>
        (tiles ?? inner).ReadAsync(wanted, cancellationToken);
}
