namespace K1s0.EventStore;

/// <summary>Leases in memory, for one process. Thread-safe.</summary>
public sealed class InMemoryLeaseStore : ILeaseStore
{
    private readonly TimeProvider _timeProvider;

    // Guarded by _lock. A lease that has ended stays, so that its epoch is not used again.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Lease> _leases = new(StringComparer.Ordinal);

    /// <summary>An empty store.</summary>
    /// <param name="timeProvider">The clock that leases run out by; the system's when null.</param>
    public InMemoryLeaseStore(TimeProvider? timeProvider = null) =>
        _timeProvider = timeProvider ?? TimeProvider.System;

    /// <inheritdoc/>
    public Task<Lease?> TryAcquireAsync(
        string name, string owner, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(name, nameof(name));
        ConsumerName.Check(owner, nameof(owner));
        Lease.CheckDuration(duration, nameof(duration));
        return Run(
            now =>
            {
                var last = _leases.GetValueOrDefault(name);
                return last?.ExpiresAt > now
                    ? null
                    : _leases[name] = new Lease(name, owner, (last?.Epoch ?? 0) + 1, now + duration);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Lease> RenewAsync(Lease lease, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        Lease.CheckDuration(duration, nameof(duration));
        return RenewCheckedAsync();

        async Task<Lease> RenewCheckedAsync() =>
            await Run(
                now => IsHeld(lease, now) ? _leases[lease.Name] = lease with { ExpiresAt = now + duration } : null,
                cancellationToken).ConfigureAwait(false)
            ?? throw new LeaseLostException(lease.Name, lease.Epoch);
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        return Run(
            now => IsHeld(lease, now) ? _leases[lease.Name] = lease with { ExpiresAt = now } : null,
            cancellationToken);
    }

    // Runs an action while the lease counts: nobody can acquire it in between.
    internal bool TryUnder(Lease lease, Action action)
    {
        lock (_lock)
        {
            if (!IsHeld(lease, _timeProvider.GetUtcNow()))
            {
                return false;
            }

            action();
            return true;
        }
    }

    private bool IsHeld(Lease lease, DateTimeOffset now) =>
        _leases.TryGetValue(lease.Name, out var held) && held.Epoch == lease.Epoch && held.ExpiresAt > now;

    private Task<Lease?> Run(Func<DateTimeOffset, Lease?> action, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Lease?>(cancellationToken);
        }

        lock (_lock)
        {
            return Task.FromResult(action(_timeProvider.GetUtcNow()));
        }
    }
}
