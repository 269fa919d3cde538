using K1s0.EventStore.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore;

/// <summary>Verifies a store for as long as the application runs, and keeps what the last time found.</summary>
internal sealed class StoreVerificationService(
    string storeName,
    VerifiedRoles roles,
    StoreVerificationOptions options,
    Func<CancellationToken, Task<VerificationScope>> scope,
    TimeProvider timeProvider,
    ILoggerFactory? loggerFactory) : BackgroundService
{
    // The findings that are logged one by one; the result has the others.
    private const int MaxLogged = 20;

    private readonly StoreVerifier _verifier = new(roles, options.Verifier, timeProvider);
    private readonly ILogger _logger =
        (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<StoreVerificationService>();

    private volatile State _state = new(null, null, null);

    /// <summary>What is known at the moment.</summary>
    public State Current => _state;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var rest = options.FirstAfter;
            while (true)
            {
                await Task.Delay(rest, timeProvider, stoppingToken).ConfigureAwait(false);
                rest = await TryVerifyAsync(stoppingToken).ConfigureAwait(false) ? options.Every : options.RetryDelay;
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    // Everything is caught: what is known from outside comes from the application, and nothing may end the loop for
    // good.
    private async Task<bool> TryVerifyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var result = await _verifier
                .VerifyAsync(
                    await scope(cancellationToken).ConfigureAwait(false), cancellationToken: cancellationToken)
                .ConfigureAwait(false);
            _state = new State(result, timeProvider.GetUtcNow(), Failure: null);
            Report(result);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            _state = _state with { Failure = e };
            _logger.VerificationFailed(storeName, e);
            return false;
        }
    }

    private void Report(StoreVerification result)
    {
        if (result.IsValid)
        {
            _logger.StoreVerified(storeName, result);
            return;
        }

        _logger.StoreTampered(storeName, result);
        foreach (var finding in result.Findings.Take(MaxLogged))
        {
            _logger.FindingMade(storeName, finding);
        }
    }

    /// <summary>What a service knows; replaced as a whole.</summary>
    /// <param name="Result">The last result; null before the first.</param>
    /// <param name="At">When that was.</param>
    /// <param name="Failure">What the last try died of; null when it ended.</param>
    internal sealed record State(StoreVerification? Result, DateTimeOffset? At, Exception? Failure);
}
