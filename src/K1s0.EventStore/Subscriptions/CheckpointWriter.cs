using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Claims a subscription's checkpoint, checks that the feed still is the one that it was taken in, and moves it. Not
/// thread-safe.
/// </summary>
internal sealed class CheckpointWriter
{
    private readonly ICheckpointStore _checkpoints;
    private readonly IFeedReader _feed;
    private readonly StoreIdentity _identity;

    private CheckpointWriter(
        ICheckpointStore checkpoints, IFeedReader feed, StoreIdentity identity, CheckpointClaim claim) =>
        (_checkpoints, _feed, _identity, Claim) = (checkpoints, feed, identity, claim);

    /// <summary>The right to move the checkpoint; whoever moved it without this writer sets it anew.</summary>
    public CheckpointClaim Claim { get; set; }

    /// <summary>Claims the checkpoint; where there is none yet, the start is found and stored.</summary>
    /// <exception cref="StoreIdentityException">The checkpoint belongs to another store.</exception>
    /// <exception cref="FeedDivergedException">The feed is not the one that the checkpoint was taken in.</exception>
    /// <exception cref="StoreUnavailableException">The feed has not come back to the checkpoint yet.</exception>
    /// <exception cref="LeaseLostException">The lease was lost before the checkpoint was claimed.</exception>
    public static async Task<CheckpointWriter> ClaimAsync(
        SubscriptionParts parts, Ownership? ownership, CancellationToken cancellationToken)
    {
        var (checkpoints, feed, options) = (parts.Checkpoints, parts.Live.Feed, parts.Options);
        var identity = await feed.GetIdentityAsync(cancellationToken).ConfigureAwait(false);
        var claim = await checkpoints.ClaimAsync(parts.Name, options.Owner, cancellationToken).ConfigureAwait(false);
        if (ownership is not null)
        {
            // Who slept between the lease and the claim has taken the right to write from the new owner: it must not
            // use it, and the new owner claims again.
            await ownership.ConfirmAsync(cancellationToken).ConfigureAwait(false);
        }

        var writer = new CheckpointWriter(checkpoints, feed, identity, claim);
        if (claim.Checkpoint is { } checkpoint)
        {
            await writer.CheckAsync(checkpoint, parts.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        else if (await options.Start.FindAsync(feed, cancellationToken).ConfigureAwait(false) is var start
            && start > Position.Start)
        {
            // Stored at once: whoever comes next must not find a later start and pass what lies between.
            await writer.SaveAsync(new LowWaterMark(start, default)).ConfigureAwait(false);
        }

        return writer;
    }

    /// <summary>The checkpoint for a mark.</summary>
    public async Task<Checkpoint> ToCheckpointAsync(LowWaterMark mark)
    {
        var hash = mark.ChainHash.IsNone && mark.Position > Position.Start
            ? await FindHashAsync(mark.Position, CancellationToken.None).ConfigureAwait(false)
            : mark.ChainHash;
        return new Checkpoint(mark.Position, _identity, hash ?? default);
    }

    /// <summary>Moves the checkpoint, unless it is there or further already.</summary>
    public async Task SaveAsync(LowWaterMark mark)
    {
        if (mark.Position <= (Claim.Checkpoint?.Position ?? Position.Start))
        {
            return;
        }

        // Nothing gives up in the middle: the claim would not know any more where the checkpoint stands.
        var checkpoint = await ToCheckpointAsync(mark).ConfigureAwait(false);
        Claim = await _checkpoints.SaveAsync(Claim, checkpoint, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task CheckAsync(
        Checkpoint checkpoint, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (checkpoint.Store != _identity)
        {
            throw new StoreIdentityException(_identity, checkpoint.Store);
        }

        var bound = await _feed.UntilAsync(checkpoint.Position, timeProvider, cancellationToken).ConfigureAwait(false);
        if (!checkpoint.ChainHash.IsNone
            && await FindHashAsync(checkpoint.Position, cancellationToken).ConfigureAwait(false)
                != checkpoint.ChainHash)
        {
            throw new FeedDivergedException(checkpoint.Position, bound);
        }
    }

    // Null where no event has the position: a number that was drawn and rolled back.
    private async Task<Sha256Digest?> FindHashAsync(Position position, CancellationToken cancellationToken)
    {
        var page = await _feed.ReadFeedPageAsync(
            new Position(position.Value - 1), filter: null, maxCount: 1, cancellationToken).ConfigureAwait(false);
        return page.Events is [var envelope] && envelope.Position == position ? envelope.ChainHash : null;
    }
}
