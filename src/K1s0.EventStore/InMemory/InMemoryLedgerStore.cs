using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The Merkle log of an in-memory store, for unit tests and throw-away data. Thread-safe.</summary>
/// <remarks>All positions of that store are settled and without gaps: the leaf of position p has index p - 1.</remarks>
public sealed class InMemoryLedgerStore : ILedgerStore
{
    private readonly InMemoryEventStore _store;
    private readonly InMemoryLeaseStore _leases;
    private readonly TimeProvider _timeProvider;

    // Both guarded by _lock. A tile stands under its place, as if it were full.
    private readonly Lock _lock = new();
    private readonly Dictionary<MerkleTile, ReadOnlyMemory<byte>> _tiles = [];
    private readonly List<SealedHead> _heads = [];

    /// <summary>The log of a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="leases">Where the sealer's lease is kept.</param>
    /// <param name="timeProvider">Where the time of sealing comes from; the system's clock when null.</param>
    public InMemoryLedgerStore(
        InMemoryEventStore store, InMemoryLeaseStore leases, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(leases);
        (_store, _leases, _timeProvider) = (store, leases, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public Task<SealedHead> GetHeadAsync(CancellationToken cancellationToken) =>
        Run(() => Head, cancellationToken);

    /// <inheritdoc/>
    public Task<SealedHead?> GetSignedHeadAsync(CancellationToken cancellationToken) =>
        Run(() => SignedHead, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SettledLeaf>> ReadUnsealedAsync(
        Position after, int maxCount, CancellationToken cancellationToken)
    {
        CheckCount(maxCount, nameof(maxCount));
        var leaves = new List<SettledLeaf>();
        FeedPage page;
        do
        {
            page = await _store
                .ReadFeedPageAsync(
                    after, filter: null, Math.Min(FeedPage.MaxEvents, maxCount - leaves.Count), cancellationToken)
                .ConfigureAwait(false);
            leaves.AddRange(page.Events.Select(
                envelope => new SettledLeaf(envelope.Position, LeafRecord.Of(envelope))));
            after = page.ReadTo;
        }
        while (!page.IsAtEnd && leaves.Count < maxCount);

        return leaves;
    }

    /// <inheritdoc/>
    public Task<SealedHead> SealAsync(Lease lease, SealedBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        ArgumentNullException.ThrowIfNull(batch);
        return SealCheckedAsync();

        async Task<SealedHead> SealCheckedAsync() =>
            await Run(() => TrySeal(lease, batch), cancellationToken).ConfigureAwait(false)
            ?? throw new LeaseLostException(lease.Name, lease.Epoch);
    }

    /// <inheritdoc/>
    public Task ConfirmAsync(Lease lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return Run(
            () => _leases.TryUnder(lease, static () => { })
                ? 0
                : throw new LeaseLostException(lease.Name, lease.Epoch),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> SaveNoteAsync(SealedHead head, SignedNote note, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(note);
        return Run(
            () =>
            {
                var at = _heads.FindIndex(stored => stored.Size == head.Size && stored.Root == head.Root);
                if (at < 0)
                {
                    return false;
                }

                _heads[at] = _heads[at] with { Note = note };
                return true;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken) => Run(
        () => _store.Find(eventId) is var (envelope, previousLink)
            ? new LocatedLeaf(
                LeafRecord.Of(envelope), previousLink, envelope.Position.Value - 1, SignedHead?.Note)
            : null,
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<LeafRecord>> ReadSealedAsync(
        long firstIndex, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstIndex);
        var head = await GetHeadAsync(cancellationToken).ConfigureAwait(false);
        var leaves = await ReadUnsealedAsync(new Position(firstIndex), count, cancellationToken).ConfigureAwait(false);
        return [.. leaves.Where(leaf => leaf.Position <= head.LastPosition).Select(leaf => leaf.Record)];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<LeafRun>> ReadRunsAsync(
        long fromIndex, int maxCount, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromIndex);
        CheckCount(maxCount, nameof(maxCount));
        return Run<IReadOnlyList<LeafRun>>(
            () => Head.Size > 0 && fromIndex < Head.Size ? [new LeafRun(0, new Position(1))] : [], cancellationToken);
    }

    /// <inheritdoc/>
    public Task<EventEnvelope?> LoadEventAsync(Guid eventId, CancellationToken cancellationToken) =>
        Run(() => _store.Find(eventId)?.Event, cancellationToken);

    /// <inheritdoc/>
    public async Task<LedgerStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        var (head, signed) = await Run(() => (Head, SignedHead), cancellationToken).ConfigureAwait(false);
        var oldest = await _store.ReadFeedPageAsync(head.LastPosition, filter: null, maxCount: 1, cancellationToken)
            .ConfigureAwait(false);
        var lag = oldest.Events is [var envelope, ..] ? _timeProvider.GetUtcNow() - envelope.RecordedAt : default;
        return new LedgerStatus(head.Size, signed?.Size ?? 0, lag < TimeSpan.Zero ? TimeSpan.Zero : lag);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> tiles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        return ReadAllAsync();

        async Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAllAsync() => await Run<ReadOnlyMemory<byte>[]>(
            () => [.. tiles.Select(
                tile => _tiles.TryGetValue(tile.ToFull(), out var bytes)
                    ? bytes
                    : throw new TileMissingException(tile.Path))],
            cancellationToken).ConfigureAwait(false);
    }

    // The next three only under _lock.
    private SealedHead Head => _heads is [.., var head] ? head : SealedHead.Empty;

    private SealedHead? SignedHead => _heads.FindLast(head => head.Note is not null);

    private SealedHead? TrySeal(Lease lease, SealedBatch batch)
    {
        var head = Head;
        if (batch.Previous.Size != head.Size || batch.Previous.Root != head.Root || batch.Size <= head.Size
            || batch.LastPosition <= head.LastPosition)
        {
            return null;
        }

        // All positions have an event.
        if (batch.Size - head.Size != batch.LastPosition.Value - head.LastPosition.Value)
        {
            throw new LogDivergedException(
                new TreeHead("of this store", head.Size, head.Root),
                head.Size,
                "Settled events came or went while they were being sealed.");
        }

        var isSealed = _leases.TryUnder(lease, () =>
        {
            foreach (var tile in batch.Tiles)
            {
                _tiles[tile.Tile.ToFull()] = tile.Bytes;
            }

            _heads.Add(new SealedHead(
                batch.Size,
                batch.Root,
                batch.LastPosition,
                Microseconds.Truncate(_timeProvider.GetUtcNow()),
                Note: null));
        });
        return isSealed ? Head : null;
    }

    private static void CheckCount(int count, string parameterName)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, parameterName);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ILedgerStore.MaxLeaves, parameterName);
    }

    private Task<TResult> Run<TResult>(Func<TResult> action, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<TResult>(cancellationToken);
        }

        try
        {
            lock (_lock)
            {
                return Task.FromResult(action());
            }
        }
        catch (EventStoreException e)
        {
            return Task.FromException<TResult>(e);
        }
    }
}
