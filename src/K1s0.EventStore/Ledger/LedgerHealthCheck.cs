using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore;

/// <summary>
/// Looks at how far the log is behind the events (degraded from <see cref="LedgerOptions.MaxLag"/> on), and whether the
/// store continues what was signed (else unhealthy). Made by <c>AddLedger</c>. Thread-safe.
/// </summary>
public sealed class LedgerHealthCheck : IHealthCheck
{
    private readonly ILedgerStore _ledger;
    private readonly LedgerOptions _options;
    private readonly LedgerService _service;

    internal LedgerHealthCheck(ILedgerStore ledger, LedgerOptions options, LedgerService service) =>
        (_ledger, _options, _service) = (ledger, options, service);

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var status = await _ledger.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var data = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["size"] = status.Size,
                ["signedSize"] = status.SignedSize,
                ["lagSeconds"] = status.Lag.TotalSeconds,
            };
            if (_service.Divergence is { } divergence)
            {
                return HealthCheckResult.Unhealthy(divergence.Message, divergence, data);
            }

            return status.Lag > _options.MaxLag
                ? HealthCheckResult.Degraded(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The oldest event that is not sealed is {status.Lag.TotalSeconds:F0} s old."),
                    data: data)
                : HealthCheckResult.Healthy("The log keeps up.", data);
        }
        catch (EventStoreException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
