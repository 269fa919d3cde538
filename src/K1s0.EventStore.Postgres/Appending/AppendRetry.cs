using K1s0.EventStore.Postgres.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Repeats an append after transient failures, as often as the options say, and tells the caller one of three outcomes.
/// Repeating is safe: the same event ids are stored once.
/// </summary>
internal sealed class AppendRetry(
    PostgresAppender appender,
    AppendQueue queue,
    InlineProjections? inline,
    PostgresSchema schema,
    PostgresOptions options,
    string storeName,
    TimeProvider timeProvider,
    ILogger logger)
{
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(5);

    public async Task<AppendResult[]> AppendAsync(
        IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var mayBeStored = false;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (inline is not null)
                {
                    return await inline.TryAppendAsync(appends, cancellationToken).ConfigureAwait(false);
                }

                // A repeated attempt goes alone: whatever held up its batch would hold up its neighbours again.
                return appends is [var single] && attempt == 0
                    ? [await queue.TryAppendAsync(single, cancellationToken).ConfigureAwait(false)]
                    : await appender.TryAppendAsync(appends, cancellationToken).ConfigureAwait(false);
            }
            catch (AttemptFailedException e)
            {
                mayBeStored |= e.Outcome is AttemptOutcome.Unknown;
                if (!e.IsWorthRepeating || attempt == options.MaxRetries)
                {
                    throw mayBeStored && e.Outcome is not AttemptOutcome.NeverWritten
                        ? Unknown(appends, e.Reason)
                        : e.Reason;
                }

                PostgresTelemetry.CountRetry(storeName, e.Outcome);
                logger.AppendRepeated(attempt + 1, options.MaxRetries, e.Reason);
                await PrepareNextAsync(e.Outcome, attempt, appends, mayBeStored, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (mayBeStored && e is not AppendOutcomeUnknownException)
            {
                // Whatever ends the attempts says nothing about an earlier one whose answer was lost.
                throw Unknown(appends, e);
            }
        }
    }

    private async Task PrepareNextAsync(
        AttemptOutcome outcome,
        int attempt,
        IReadOnlyList<ValidatedAppend> appends,
        bool mayBeStored,
        CancellationToken cancellationToken)
    {
        try
        {
            if (outcome is AttemptOutcome.NoPartition)
            {
                await schema.EnsurePartitionsAsync(cancellationToken).ConfigureAwait(false);
                return;
            }

            var delay = TimeSpan.FromTicks(Math.Min(options.RetryDelay.Ticks << attempt, LongestDelay.Ticks));
            await Task.Delay(delay, timeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (mayBeStored)
        {
            // What keeps the next attempt from being made says nothing about the earlier one.
            throw Unknown(appends, e);
        }
    }

    private static AppendOutcomeUnknownException Unknown(IReadOnlyList<ValidatedAppend> appends, Exception reason) =>
        new([.. appends.Select(append => new StreamAppend(append.StreamId, append.Events, append.Expected))],
        reason.Message,
        reason);
}
