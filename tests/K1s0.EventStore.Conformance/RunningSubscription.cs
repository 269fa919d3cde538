namespace K1s0.EventStore.Conformance;

/// <summary>A subscription that runs beside the test, until the test stops it.</summary>
public sealed class RunningSubscription : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;

    public RunningSubscription(Subscription subscription, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Subscription = subscription;
        Ended = Task.Run(() => subscription.RunAsync(_stop.Token), CancellationToken.None);
    }

    public Subscription Subscription { get; }

    /// <summary>Ends when the subscription does, and as it does.</summary>
    public Task Ended { get; }

    /// <summary>Waits until the status is as a test wants it.</summary>
    public async Task StatusAsync(Func<SubscriptionStatus, bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        while (!condition(Subscription.GetStatus()))
        {
            if (Ended.IsCompleted)
            {
                await Ended;
                throw new InvalidOperationException(
                    $"The subscription ended without the status that was awaited: {Subscription.GetStatus()}");
            }

            _stop.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    /// <summary>Stops the subscription, and waits until it has.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await Ended;
        }
        catch (Exception e) when (e is OperationCanceledException or EventStoreException)
        {
            // How it ended is asserted where it matters.
        }

        _stop.Dispose();
    }
}
