using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>
/// One stretch of time in which this process holds a subscription's lease: it is renewed beside the run, and the run is
/// stopped as soon as the lease is lost, or may be.
/// </summary>
/// <remarks>
/// Holding the lease keeps two from working at once as long as nobody sleeps. What makes it safe is the claim of the
/// checkpoint: whoever claims later takes the right to write, and confirms its lease before it uses that right.
/// </remarks>
internal sealed class Ownership
{
    private const int RenewalsPerLease = 3;
    private const int AttemptsPerLease = 10;
    private const int QuestionsPerLease = 6;
    private static readonly TimeSpan LongestRelease = TimeSpan.FromSeconds(5);

    private readonly SubscriptionParts _parts;
    private readonly SubscriptionLeases _leases;
    private readonly Lease _lease;

    // When the request that last made the lease longer was sent: the store's clock cannot have begun earlier.
    private long _renewedAt;
    private volatile LeaseLostException? _lost;

    private Ownership(SubscriptionParts parts, SubscriptionLeases leases, Lease lease, long askedAt) =>
        (_parts, _leases, _lease, _renewedAt) = (parts, leases, lease, askedAt);

    private TimeSpan Duration => _parts.Options.LeaseDuration;

    private TimeSpan Left => Duration - _parts.TimeProvider.GetElapsedTime(Interlocked.Read(ref _renewedAt));

    /// <summary>The lease, when it could not be released: it is still ours until it runs out.</summary>
    public Lease? Kept { get; private set; }

    /// <summary>Stands by until the lease is free, unless it was kept and still counts.</summary>
    public static async Task<Ownership> AcquireAsync(
        SubscriptionParts parts, SubscriptionLeases leases, Lease? kept, CancellationToken cancellationToken)
    {
        if (kept is not null && await TryKeepAsync(parts, leases, kept, cancellationToken).ConfigureAwait(false)
            is { } still)
        {
            return still;
        }

        for (var isFirst = true; ; isFirst = false)
        {
            var askedAt = parts.TimeProvider.GetTimestamp();
            if (await leases.TryAcquireAsync(parts, cancellationToken).ConfigureAwait(false) is { } lease)
            {
                return new Ownership(parts, leases, lease, askedAt);
            }

            parts.Progress.StandBy();
            if (isFirst)
            {
                parts.Logger.SubscriptionStandsBy(parts.Name);
            }

            await Task.Delay(parts.Options.LeaseDuration / QuestionsPerLease, parts.TimeProvider, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Runs while the lease is held, and releases it afterwards.</summary>
    /// <exception cref="LeaseLostException">The run was stopped because the lease is lost, or may be.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        using var owned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var keeping = KeepAsync(owned);
        try
        {
            await run(owned.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (_lost is not null && !cancellationToken.IsCancellationRequested)
        {
            throw new LeaseLostException(_lease.Name, _lease.Epoch, e);
        }
        finally
        {
            await owned.CancelAsync().ConfigureAwait(false);
            await keeping.ConfigureAwait(false);
            await ReleaseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Asks the store whether the lease still counts, and makes it longer.</summary>
    /// <exception cref="LeaseLostException">It does not count any more.</exception>
    public async Task ConfirmAsync(CancellationToken cancellationToken)
    {
        var askedAt = _parts.TimeProvider.GetTimestamp();
        await _leases.RenewAsync(_parts, _lease, cancellationToken).ConfigureAwait(false);
        Interlocked.Exchange(ref _renewedAt, askedAt);
    }

    // Without this, who was cut off from the store for a moment would wait for its own lease to run out.
    private static async Task<Ownership?> TryKeepAsync(
        SubscriptionParts parts, SubscriptionLeases leases, Lease kept, CancellationToken cancellationToken)
    {
        var ownership = new Ownership(parts, leases, kept, askedAt: 0);
        try
        {
            await ownership.ConfirmAsync(cancellationToken).ConfigureAwait(false);
            return ownership;
        }
        catch (LeaseLostException)
        {
            // It has run out meanwhile: whoever comes first has the next one.
            return null;
        }
    }

    // Never fails: a lost lease stops the run, which tells.
    private async Task KeepAsync(CancellationTokenSource owned)
    {
        try
        {
            var wait = Duration / RenewalsPerLease;
            while (_lost is null)
            {
                await Task.Delay(wait, _parts.TimeProvider, owned.Token).ConfigureAwait(false);
                wait = await TryRenewAsync(owned.Token).ConfigureAwait(false)
                    ? Duration / RenewalsPerLease
                    : Shorter(Duration / AttemptsPerLease, Left);
            }

            await owned.CancelAsync().ConfigureAwait(false);
        }
        catch (Exception) when (owned.IsCancellationRequested)
        {
            // The run has ended.
        }
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellationToken)
    {
        // An answer that comes when the lease has run out says nothing.
        using var end = new CancellationTokenSource(Longer(Left, TimeSpan.Zero), _parts.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Token);
        try
        {
            await ConfirmAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (LeaseLostException e)
        {
            _lost = e;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            _parts.Logger.LeaseNotRenewed(_parts.Name, e);
            if (Left <= TimeSpan.Zero)
            {
                _lost = new LeaseLostException(_lease.Name, _lease.Epoch, e);
            }
        }

        return false;
    }

    private async Task ReleaseAsync()
    {
        if (_lost is not null || Left <= TimeSpan.Zero)
        {
            return;
        }

        using var end = new CancellationTokenSource(Shorter(Left, LongestRelease), _parts.TimeProvider);
        try
        {
            await _leases.ReleaseAsync(_parts, _lease, end.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // It runs out by itself; whatever the run ended with says more.
            Kept = _lease;
            _parts.Logger.LeaseNotReleased(_parts.Name, e);
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) =>
        Longer(one < other ? one : other, TimeSpan.FromMilliseconds(1));

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
