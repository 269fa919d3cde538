using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore;

/// <summary>
/// Says what the last scheduled verification of a store found: findings are unhealthy, a verification that could not be
/// ended is degraded. It verifies nothing by itself. Made by <c>AddVerification</c>. Thread-safe.
/// </summary>
public sealed class StoreVerificationHealthCheck : IHealthCheck
{
    private readonly StoreVerificationService _service;

    internal StoreVerificationHealthCheck(StoreVerificationService service) => _service = service;

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (result, at, failure) = _service.Current;
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        if (result is not null && at is { } verifiedAt)
        {
            data["verifiedAt"] = verifiedAt;
            data["verifiedTo"] = result.VerifiedTo.Value;
            data["events"] = result.Events;
            data["streams"] = result.Streams;
            data["sealedLeaves"] = result.SealedLeaves;
            data["findings"] = result.FindingCount;
        }

        return Task.FromResult(result switch
        {
            { IsValid: false } => HealthCheckResult.Unhealthy($"{result} First: {result.Findings[0]}", failure, data),
            _ when failure is not null => HealthCheckResult.Degraded(
                $"The verification could not be ended: {failure.Message}", failure, data),
            null => HealthCheckResult.Healthy("Not verified yet.", data),
            _ => HealthCheckResult.Healthy(result.ToString(), data),
        });
    }
}
