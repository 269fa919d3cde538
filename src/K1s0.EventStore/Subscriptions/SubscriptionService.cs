using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore;

/// <summary>
/// Runs a subscription as long as the application runs. One that ends for good does not take the application along:
/// health says so.
/// </summary>
internal sealed class SubscriptionService(Subscription subscription) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Leaves the start of the application at once.
        await Task.Yield();
        try
        {
            await subscription.RunAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (EventStoreException)
        {
            // Logged by the subscription, and kept in its status.
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }
}
