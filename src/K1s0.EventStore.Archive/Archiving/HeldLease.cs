using K1s0.EventStore.Archive.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Archive;

/// <summary>The lease of a run, kept alive. Not thread-safe.</summary>
internal sealed class HeldLease(
    ILeaseStore leases, ArchivingOptions options, Lease lease, TimeProvider timeProvider, ILogger logger)
{
    private const int RenewalsPerLease = 3;

    private long _renewedAt = timeProvider.GetTimestamp();

    /// <summary>The lease as it was last renewed.</summary>
    public Lease Current { get; private set; } = lease;

    /// <summary>The lease, renewed when it is time.</summary>
    /// <remarks>What is written under the lease is refused when it was lost, so this only keeps it alive.</remarks>
    /// <exception cref="LeaseLostException">Another process leads since.</exception>
    public async Task<Lease> RenewAsync()
    {
        if (timeProvider.GetElapsedTime(_renewedAt) >= options.LeaseDuration / RenewalsPerLease)
        {
            var started = timeProvider.GetTimestamp();
            await RenewNowAsync().ConfigureAwait(false);
            _renewedAt = started;
        }

        return Current;
    }

    // One step alone can take longer than the lease lasts: counting or hashing a month. When nobody has led since, the
    // run goes on under the next epoch.
    private async Task RenewNowAsync()
    {
        try
        {
            Current = await leases.RenewAsync(Current, options.LeaseDuration, CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (LeaseLostException lost)
        {
            var next = await leases.TryAcquireAsync(
                IArchiveCatalog.LeaseName, options.Owner, options.LeaseDuration, CancellationToken.None)
                .ConfigureAwait(false);
            Current = next ?? Current;
            if (next is null || next.Epoch != lost.Epoch + 1)
            {
                throw;
            }

            logger.ArchiverLeads(next.Epoch);
        }
    }
}
