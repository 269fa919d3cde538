using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>Tries an event again after its first attempt failed. Thread-safe.</summary>
internal sealed class Retry(SubscriptionParts parts)
{
    /// <summary>Tries again, up to the limit.</summary>
    /// <param name="envelope">The event.</param>
    /// <param name="cause">What the first attempt ended with.</param>
    /// <param name="attempt">One attempt: what it ended with; null when the event is handled.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Null when the event is handled in the end.</returns>
    public async Task<HandlingFailure?> RunAsync(
        EventEnvelope envelope,
        Exception cause,
        Func<CancellationToken, Task<Exception?>> attempt,
        CancellationToken cancellationToken)
    {
        var attempts = 1;
        for (; attempts < parts.Options.MaxAttempts && cause is not EventNotUnderstoodException; attempts++)
        {
            var delay = parts.Options.DelayAfter(attempts);
            parts.Progress.CountRetry();
            parts.Logger.EventRetried(
                parts.Name, envelope, delay, attempts + 1, parts.Options.MaxAttempts, cause);
            await Task.Delay(delay, parts.TimeProvider, cancellationToken).ConfigureAwait(false);
            var next = await attempt(cancellationToken).ConfigureAwait(false);
            if (next is null)
            {
                return null;
            }

            cause = next;
        }

        return new HandlingFailure(attempts, cause);
    }
}
