namespace K1s0.EventStore;

/// <summary>Checkpoints in memory. Thread-safe.</summary>
public sealed class InMemoryCheckpointStore : ICheckpointStore
{
    private readonly IFeedReader _store;

    // Guarded by _lock.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, CheckpointClaim> _claims = new(StringComparer.Ordinal);

    /// <summary>An empty store.</summary>
    /// <param name="store">The store that the positions belong to.</param>
    public InMemoryCheckpointStore(IFeedReader store)
    {
        ArgumentNullException.ThrowIfNull(store);
        _store = store;
    }

    /// <inheritdoc/>
    public Task<CheckpointClaim> ClaimAsync(
        string consumer, string owner, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        ConsumerName.Check(owner, nameof(owner));
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<CheckpointClaim>(cancellationToken);
        }

        lock (_lock)
        {
            var claim = _claims.TryGetValue(consumer, out var earlier)
                ? earlier with { Owner = owner, Epoch = earlier.Epoch + 1 }
                : new CheckpointClaim(consumer, owner, Epoch: 1, Checkpoint: null);
            _claims[consumer] = claim;
            return Task.FromResult(claim);
        }
    }

    /// <inheritdoc/>
    public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Checkpoint?>(cancellationToken);
        }

        lock (_lock)
        {
            return Task.FromResult(_claims.TryGetValue(consumer, out var claim) ? claim.Checkpoint : null);
        }
    }

    /// <inheritdoc/>
    public async Task<CheckpointClaim> SaveAsync(
        CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(claim);
        ArgumentNullException.ThrowIfNull(checkpoint);
        var identity = await _store.GetIdentityAsync(cancellationToken).ConfigureAwait(false);
        if (checkpoint.Store != identity)
        {
            throw new StoreIdentityException(identity, checkpoint.Store);
        }

        lock (_lock)
        {
            var current = _claims.GetValueOrDefault(claim.Consumer);
            var believed = claim.Checkpoint?.Position ?? Position.Start;
            var actual = current?.Checkpoint?.Position ?? Position.Start;
            if (current?.Epoch != claim.Epoch || (believed != actual && current.Checkpoint != checkpoint))
            {
                throw new CheckpointConflictException(
                    claim.Consumer, claim.Epoch, current?.Epoch ?? 0, believed, actual);
            }

            return _claims[claim.Consumer] = current with { Checkpoint = checkpoint };
        }
    }

    /// <summary>Does something of an owner's, while nobody can take over.</summary>
    /// <exception cref="CheckpointConflictException">Somebody else took over before; nothing was done.</exception>
    internal TResult WhileOwned<TResult>(CheckpointClaim claim, Func<TResult> action)
    {
        lock (_lock)
        {
            var current = _claims.GetValueOrDefault(claim.Consumer);
            return current?.Epoch == claim.Epoch
                ? action()
                : throw new CheckpointConflictException(
                    claim.Consumer,
                    claim.Epoch,
                    current?.Epoch ?? 0,
                    claim.Checkpoint?.Position ?? Position.Start,
                    current?.Checkpoint?.Position ?? Position.Start);
        }
    }
}
