namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>Follows the feed page by page.</summary>
internal sealed class OurFollower(IFeedReader feed, Position after) : IFollower
{
    private Position _after = after;

    public async Task<IReadOnlyList<Guid>> PollAsync()
    {
        var page = await feed.ReadFeedPageAsync(_after);
        _after = page.ReadTo;
        return [.. page.Events.Select(envelope => envelope.Id)];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
