using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore.Postgres;

/// <summary>Runs a doorbell as long as the application runs, if the options want one.</summary>
internal sealed class DoorbellService(PostgresDoorbell doorbell, PostgresOptions options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.UseDoorbell)
        {
            return;
        }

        // Leaves the start of the application at once.
        await Task.Yield();
        try
        {
            await doorbell.RunAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }
}
