using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Looks at the books of the archive: degraded when a batch has been on its way for longer than
/// <see cref="ArchivingOptions.MaxLag"/> or the last run failed, unhealthy when what was archived, or is to be, is not
/// what it should be. Made by <c>AddArchiving</c>. Thread-safe.
/// </summary>
public sealed class ArchivingHealthCheck : IHealthCheck
{
    private readonly IArchiveCatalog _catalog;
    private readonly ArchivingOptions _options;
    private readonly ArchivingService _service;

    internal ArchivingHealthCheck(IArchiveCatalog catalog, ArchivingOptions options, ArchivingService service) =>
        (_catalog, _options, _service) = (catalog, options, service);

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var status = await _catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var lag = status.Now - (status.OldestOpen ?? status.Now);
            var data = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["planned"] = status.Planned.Value,
                ["listed"] = status.Listed.Value,
                ["pruned"] = status.Pruned.Value,
                ["lagSeconds"] = lag.TotalSeconds,
            };
            var broken = Broken(_service.Failure) ?? Broken(_service.LastReport?.Obstacle);
            if (broken is not null)
            {
                return HealthCheckResult.Unhealthy(broken.Message, broken, data);
            }

            if (_service.Failure is { } failure)
            {
                return HealthCheckResult.Degraded("The last run failed: " + failure.Message, failure, data);
            }

            return lag > _options.MaxLag
                ? HealthCheckResult.Degraded(
                    string.Create(
                        CultureInfo.InvariantCulture, $"A batch has been on its way for {lag.TotalHours:F1} hours."),
                    data: data)
                : HealthCheckResult.Healthy("The archive keeps up.", data);
        }
        catch (EventStoreException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }

    // What time does not mend.
    private static Exception? Broken(Exception? failure) =>
        failure is ManifestConflictException or ObjectDamagedException or ArchiveMismatchException
            or ArchiveRefusedException { Reason: ArchiveRefusal.Changed }
            ? failure
            : null;
}
