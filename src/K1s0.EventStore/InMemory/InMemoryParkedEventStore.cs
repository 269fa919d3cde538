namespace K1s0.EventStore;

/// <summary>Parked events in memory. Thread-safe.</summary>
public sealed class InMemoryParkedEventStore : IParkedEventStore
{
    // Guarded by _lock.
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Consumer, Position Position), ParkedEvent> _parked = new(
        Comparer<(string Consumer, Position Position)>.Create(static (left, right) =>
            string.CompareOrdinal(left.Consumer, right.Consumer) is not 0 and var order
                ? order
                : left.Position.CompareTo(right.Position)));

    /// <inheritdoc/>
    public Task<bool> ParkAsync(ParkedEvent parked, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(parked);
        ConsumerName.Check(parked.Consumer, nameof(parked));
        return Run(
            () =>
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
            },
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

        lock (_lock)
        {
            return Task.FromResult(action());
        }
    }
}
