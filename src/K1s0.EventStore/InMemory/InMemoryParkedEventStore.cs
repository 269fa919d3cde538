namespace K1s0.EventStore;

/// <summary>Parked events in memory. Thread-safe.</summary>
public sealed class InMemoryParkedEventStore : IParkedEventStore
{
    private readonly InMemoryCheckpointStore _checkpoints;

    // Guarded by _lock.
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Consumer, Position Position), ParkedEvent> _parked = new(
        Comparer<(string Consumer, Position Position)>.Create(static (left, right) =>
            string.CompareOrdinal(left.Consumer, right.Consumer) is not 0 and var order
                ? order
                : left.Position.CompareTo(right.Position)));

    /// <summary>An empty place for parked events.</summary>
    /// <param name="checkpoints">Where the subscriptions claim their checkpoints: it knows whose claim counts.</param>
    public InMemoryParkedEventStore(InMemoryCheckpointStore checkpoints)
    {
        ArgumentNullException.ThrowIfNull(checkpoints);
        _checkpoints = checkpoints;
    }

    /// <inheritdoc/>
    public Task<bool> ParkAsync(
        ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
    {
        ParkedEvent.Check(parked, claim);
        return Run(
            () => _checkpoints.WhileOwned(claim, () =>
            {
                var key = (parked.Consumer, parked.Position);
                if (_parked.TryAdd(key, parked))
                {
                    return true;
                }

                if (parked.Cause is not null)
                {
                    _parked[key] = _parked[key] with { Attempts = parked.Attempts, Cause = parked.Cause };
                }

                return false;
            }),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> UpdateAsync(
        ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default)
    {
        ParkedEvent.Check(parked, claim);
        return Run(
            () => _checkpoints.WhileOwned(claim, () =>
            {
                var key = (parked.Consumer, parked.Position);
                var isThere = _parked.TryGetValue(key, out var found);
                if (isThere)
                {
                    _parked[key] = found! with { Attempts = parked.Attempts, Cause = parked.Cause };
                }

                return isThere;
            }),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ParkedEvent>> ListAsync(
        string consumer, Position after = default, int maxCount = IParkedEventStore.MaxPage,
        CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, IParkedEventStore.MaxPage);
        return Run<IReadOnlyList<ParkedEvent>>(
            () =>
            [
                .. _parked.Values
                    .Where(parked => string.Equals(parked.Consumer, consumer, StringComparison.Ordinal)
                        && parked.Position > after)
                    .Take(maxCount),
            ],
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string consumer, Position position, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        return Run(() => _parked.Remove((consumer, position)), cancellationToken);
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
        catch (CheckpointConflictException e)
        {
            return Task.FromException<TResult>(e);
        }
    }
}
