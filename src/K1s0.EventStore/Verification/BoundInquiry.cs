using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// Asks how far the feed is settled, until that is as far as the log goes. Its answer may lag behind: it was asked by
/// somebody else while another append was under way, or this is a standby, where the primary's word counts.
/// </summary>
internal sealed class BoundInquiry(VerifiedRoles roles, TimeProvider timeProvider)
{
    private const int MaxQuestions = 300;

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>The settled bound, not before a position up to which there is nothing unsettled.</summary>
    /// <exception cref="StoreUnavailableException">It stays before it: nothing can be verified now.</exception>
    public async Task<Position> AskAsync(Position sealedTo, CancellationToken cancellationToken)
    {
        var bound = await roles.Feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        for (var asked = 1; bound < sealedTo; asked++)
        {
            if (await IsInventedAsync(sealedTo, cancellationToken).ConfigureAwait(false))
            {
                return bound;
            }

            if (asked == MaxQuestions)
            {
                throw new StoreUnavailableException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The log goes up to position {sealedTo}, and the feed is settled up to {bound} only, for "
                    + $"{(AskEvery * MaxQuestions).TotalSeconds:0} seconds: the store cannot be verified now. A "
                    + $"standby needs a primary that publishes its bound."));
            }

            await Task.Delay(AskEvery, timeProvider, cancellationToken).ConfigureAwait(false);
            bound = await roles.Feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        }

        return bound;
    }

    // No store seals what it has not given out: waiting for that would hide who wrote it.
    private async Task<bool> IsInventedAsync(Position sealedTo, CancellationToken cancellationToken) =>
        roles.Catalog is { } catalog
        && await catalog.GetLastPositionAsync(cancellationToken).ConfigureAwait(false) < sealedTo;
}
