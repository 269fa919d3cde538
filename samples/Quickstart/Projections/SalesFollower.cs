using K1s0.EventStore.Samples.Quickstart.Domain;

namespace K1s0.EventStore.Samples.Quickstart.Projections;

/// <summary>Carries the feed over into the read model, and remembers how far it came.</summary>
internal sealed class SalesFollower(
    IFeedReader feed, ICheckpointStore checkpoints, EventSerializer serializer, string consumer, FeedFilter filter)
{
    private const int PageSize = 100;

    /// <summary>Handles everything behind the checkpoint.</summary>
    /// <returns>How many events were handled.</returns>
    public async Task<int> CatchUpAsync(Sales sales, CancellationToken cancellationToken)
    {
        var handled = 0;

        // snippet: quickstart-catch-up
        var store = await feed.GetIdentityAsync(cancellationToken);
        var claim = await checkpoints.ClaimAsync(consumer, owner: Environment.MachineName, cancellationToken);
        FeedPage page;
        do
        {
            var after = claim.Checkpoint?.Position ?? Position.Start;
            page = await feed.ReadFeedPageAsync(after, filter, PageSize, cancellationToken);
            foreach (var envelope in page.Events)
            {
                foreach (var happened in serializer.Decode(envelope))
                {
                    sales.Apply(envelope.StreamId, (IOrderEvent)happened);
                }

                handled++;
            }

            claim = await checkpoints.SaveAsync(claim, new Checkpoint(page.ReadTo, store), cancellationToken);
        }
        while (!page.IsAtEnd);
        // end-snippet

        return handled;
    }
}
