using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Degraded when there was no whole round with some peer for <see cref="SyncHostOptions.MaxLag"/>, or while the node is
/// not open; unhealthy when its own log is forked or its end is lost. Made by <c>AddSync</c>. Thread-safe.
/// </summary>
public sealed class SyncHealthCheck : IHealthCheck
{
    private readonly SyncHost _host;
    private readonly TimeSpan _maxLag;

    internal SyncHealthCheck(SyncHost host, TimeSpan maxLag) => (_host, _maxLag) = (host, maxLag);

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        var data = _host.Calls.ToDictionary(
            calls => calls.Peer.Name, calls => (object)calls.Lag.TotalSeconds, StringComparer.Ordinal);
        if (!_host.IsOpen)
        {
            return HealthCheckResult.Degraded("The node is not open.", data: data);
        }

        var node = await _host.GetNodeAsync(cancellationToken).ConfigureAwait(false);
        if (node.Tail is TailStatus.Forked or TailStatus.Lost)
        {
            return HealthCheckResult.Unhealthy($"The own log of {node.Self} is {node.Tail}.", data: data);
        }

        if (node.DeliveryStopped is { } stopped)
        {
            return HealthCheckResult.Unhealthy(stopped.Message, stopped, data);
        }

        var late = _host.Calls.Where(calls => calls.Lag > _maxLag).MaxBy(calls => calls.Lag);
        return late is null
            ? HealthCheckResult.Healthy("All peers are synchronised with.", data)
            : HealthCheckResult.Degraded(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"No whole round with {late.Peer.Name} for {late.Lag.TotalSeconds:F0} seconds: "
                    + $"{late.Status.LastOutcome?.Detail ?? "it was not tried."}"),
                data: data);
    }
}
