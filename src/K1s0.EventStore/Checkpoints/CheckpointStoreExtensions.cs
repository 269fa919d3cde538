namespace K1s0.EventStore;

/// <summary>Reading one's own writes from what another process makes of the feed.</summary>
public static class CheckpointStoreExtensions
{
    private static readonly TimeSpan DefaultPollInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Waits until a consumer's stored checkpoint has come to a position, whichever process it runs in: asks again and
    /// again. In the consumer's own process <see cref="Subscription.WaitUntilCaughtUpAsync"/> asks nobody.
    /// </summary>
    /// <remarks>
    /// A checkpoint follows what was handled. For an exactly-once subscription it moves with every batch of events
    /// that it handles; past events that its filter holds back, and for any other subscription, every <see
    /// cref="SubscriptionOptions.CheckpointInterval"/>.
    /// </remarks>
    /// <param name="checkpoints">Where the checkpoint is kept.</param>
    /// <param name="consumer">The name of the subscription or projection.</param>
    /// <param name="position">Usually <see cref="AppendResult.LastPosition"/>.</param>
    /// <param name="timeout">How long to wait: 0 to 1 day.</param>
    /// <param name="pollInterval">How long between two questions; 20 milliseconds when null.</param>
    /// <param name="timeProvider">Measures the waits; the system's clock when null.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="SubscriptionBehindException">It did not come so far in time.</exception>
    /// <exception cref="ArgumentException">A name is refused, or a time is out of its range.</exception>
    public static Task WaitUntilCaughtUpAsync(
        this ICheckpointStore checkpoints,
        string consumer,
        Position position,
        TimeSpan timeout,
        TimeSpan? pollInterval = null,
        TimeProvider? timeProvider = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoints);
        ConsumerName.Check(consumer, nameof(consumer));
        CheckTimeout(timeout);
        var interval = pollInterval ?? DefaultPollInterval;
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, TimeSpan.FromMilliseconds(1), nameof(pollInterval));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(interval, TimeSpan.FromHours(1), nameof(pollInterval));
        return WaitAsync(
            checkpoints, consumer, position, timeout, interval, timeProvider ?? TimeProvider.System, cancellationToken);
    }

    internal static void CheckTimeout(TimeSpan timeout)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(timeout, TimeSpan.FromDays(1));
    }

    private static async Task WaitAsync(
        ICheckpointStore checkpoints,
        string consumer,
        Position position,
        TimeSpan timeout,
        TimeSpan interval,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var stored = await checkpoints.LoadAsync(consumer, cancellationToken).ConfigureAwait(false);
            var reached = stored?.Position ?? Position.Start;
            if (reached >= position)
            {
                return;
            }

            var left = timeout - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new SubscriptionBehindException(consumer, position, reached);
            }

            await Task.Delay(left < interval ? left : interval, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
