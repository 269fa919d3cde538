using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore;

/// <summary>
/// Looks at subscriptions: one that ended for good is unhealthy; one that has stopped streams or parked events, died a
/// moment ago, or lags, is degraded. Thread-safe.
/// </summary>
public sealed class SubscriptionHealthCheck : IHealthCheck
{
    private readonly IReadOnlyList<Subscription> _subscriptions;
    private readonly TimeSpan _longestLag;

    /// <summary>A health check of subscriptions.</summary>
    /// <param name="subscriptions">The subscriptions; all of the container's when it makes the check.</param>
    /// <param name="longestLag">How old the oldest event may be that is not handled; 1 minute when null.</param>
    public SubscriptionHealthCheck(IEnumerable<Subscription> subscriptions, TimeSpan? longestLag = null)
    {
        ArgumentNullException.ThrowIfNull(subscriptions);
        _subscriptions = [.. subscriptions];
        _longestLag = longestLag ?? TimeSpan.FromMinutes(1);
    }

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        var worst = HealthStatus.Healthy;
        List<string> faults = [];
        Exception? error = null;
        foreach (var status in _subscriptions.Select(subscription => subscription.GetStatus()))
        {
            data[$"{status.Name}.state"] = status.State.ToString();
            data[$"{status.Name}.position"] = status.Position.Value;
            data[$"{status.Name}.lagSeconds"] = status.Lag.TotalSeconds;
            data[$"{status.Name}.restarts"] = status.Restarts;
            if (FirstFault(status) is var (health, fault))
            {
                worst = health < worst ? health : worst;
                faults.Add(fault);
                error ??= status.Error ?? (status.StoppedKeys is [var first, ..] ? first.Cause : null);
            }
        }

        var description = faults.Count == 0 ? "All subscriptions run." : string.Join(' ', faults);
        return Task.FromResult(new HealthCheckResult(worst, description, error, data));
    }

    private (HealthStatus Health, string Fault)? FirstFault(SubscriptionStatus status) => status switch
    {
        { State: SubscriptionState.Failed } => (
            HealthStatus.Unhealthy, $"Subscription {status.Name} ended for good: {status.Error?.Message}"),
        { StoppedKeys: [var first, ..] } => (
            HealthStatus.Degraded,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Subscription {status.Name} has stopped {status.StoppedKeys.Count} streams, first {first.StreamId} "
                    + $"at position {first.Position} ({first.Cause.GetType().Name}).")),
        { ParkedEvents: > 0 } => (
            HealthStatus.Degraded,
            string.Create(
                CultureInfo.InvariantCulture, $"Subscription {status.Name} has parked {status.ParkedEvents} events.")),
        { State: SubscriptionState.Restarting } => (
            HealthStatus.Degraded, $"The loop of subscription {status.Name} died: {status.Error?.Message}"),
        { Lag: var lag } when lag > _longestLag => (
            HealthStatus.Degraded,
            string.Create(
                CultureInfo.InvariantCulture,
                $"Subscription {status.Name} has not handled what is {lag.TotalSeconds:F0} s old.")),
        _ => null,
    };
}
