using System.Collections.Concurrent;
using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore;

/// <summary>
/// Seals, signs, publishes and measures for as long as the application runs. A failure is logged, counted and tried
/// again after a rest; appends do not depend on it.
/// </summary>
internal sealed class LedgerService(
    ILedgerStore ledger,
    ILeaseStore leases,
    LedgerOptions options,
    TimeProvider timeProvider,
    ILoggerFactory? loggerFactory) : BackgroundService
{
    private static readonly TimeSpan MeasureEvery = TimeSpan.FromSeconds(1);

    private readonly ILogger _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<LedgerService>();
    private readonly LogSealer _sealer = new(ledger, leases, options, timeProvider, loggerFactory);
    private readonly LogPublisher? _publisher =
        options.PublishTo is null ? null : new LogPublisher(ledger, options);

    // By step, so that one that works does not hide another that does not.
    private readonly ConcurrentDictionary<string, Exception> _divergences = new(StringComparer.Ordinal);

    private volatile bool _leads;

    /// <summary>What this process found when it last tried, if the log has diverged; null otherwise.</summary>
    public Exception? Divergence => _divergences.Values.FirstOrDefault();

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken).ConfigureAwait(false);

        // Neither can keep the application from stopping: what is left undone here is done at the next start.
        try
        {
            await TryAsync("publish", PublishAsync, cancellationToken).ConfigureAwait(false);
            await TryAsync("release", _sealer.ReleaseAsync, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The time for stopping is over: the lease runs out by itself.
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync("seal", options.SealEvery, SealAllAsync, stoppingToken),
        RepeatAsync("publish", options.PublishEvery, PublishAsync, stoppingToken),
        RepeatAsync("measure", MeasureEvery, MeasureAsync, stoppingToken));

    private async Task SealAllAsync(CancellationToken cancellationToken)
    {
        SealStep step;
        do
        {
            step = await _sealer.SealAsync(cancellationToken).ConfigureAwait(false);
            LedgerTelemetry.CountLeaves(options.Origin, step.Leaves);
            await _sealer.SignAsync(cancellationToken).ConfigureAwait(false);
            _leads = step.IsLeader;
        }
        while (step.HasMore);
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        // One publisher is enough; a second one would do no harm.
        if (_publisher is not null && _leads)
        {
            var head = await _publisher.PublishAsync(cancellationToken).ConfigureAwait(false);
            _logger.LogPublished(options.Origin, head?.Size ?? 0);
        }
    }

    private async Task MeasureAsync(CancellationToken cancellationToken)
    {
        var status = await ledger.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        LedgerTelemetry.RecordLag(options.Origin, status.Lag);
    }

    private async Task RepeatAsync(
        string step, TimeSpan interval, Func<CancellationToken, Task> action, CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, timeProvider);
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                if (!await TryAsync(step, action, stoppingToken).ConfigureAwait(false))
                {
                    await Task.Delay(options.RetryDelay, timeProvider, stoppingToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    // Everything is caught: signers and targets are the application's, and none of them may end the loop for good.
    private async Task<bool> TryAsync(
        string step, Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        try
        {
            await action(cancellationToken).ConfigureAwait(false);
            _divergences.TryRemove(step, out _);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            LedgerTelemetry.CountFailure(options.Origin, step, e);
            if (e is LogDivergedException)
            {
                _divergences[step] = e;
                _logger.LogDiverged(options.Origin, e);
            }
            else
            {
                _logger.SealerFailed(step, options.Origin, e);
            }

            return false;
        }
    }
}
