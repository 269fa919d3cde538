using K1s0.EventStore.Archive.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Archives for as long as the application runs. A failure is logged and tried again after the usual rest; nothing else
/// depends on it.
/// </summary>
internal sealed class ArchivingService(
    Archiver archiver, ArchivingOptions options, TimeProvider timeProvider, ILoggerFactory? loggerFactory)
    : BackgroundService
{
    private readonly ILogger _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<ArchivingService>();

    private volatile Exception? _failure;
    private volatile ArchiveReport? _lastReport;

    /// <summary>Why the last run failed; null when it did not, or there was none.</summary>
    public Exception? Failure => _failure;

    /// <summary>What the last run did; null when there was none, or another process leads: it knows.</summary>
    public ArchiveReport? LastReport => _lastReport;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(options.RunEvery, timeProvider);
            do
            {
                await TryAsync(stoppingToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops; the next run continues.
        }
    }

    // Everything is caught: the object store may be the application's, and none of it may end the loop for good.
    private async Task TryAsync(CancellationToken stoppingToken)
    {
        try
        {
            var report = await archiver.ArchiveAsync(progress: null, stoppingToken).ConfigureAwait(false);
            _lastReport = report.IsLeader ? report : null;
            _failure = null;
        }
        catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
        {
            _failure = e;
            _logger.ArchivingFailed(options.RunEvery, e);
        }
    }
}
