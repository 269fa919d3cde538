namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What an instance of the store remembers of the bound must not lead a reader back.</summary>
public sealed class BoundMemoryTests : IAsyncLifetime
{
    private FeedStore _feed = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _feed = await FeedStore.CreateAsync();

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Fact]
    public async Task A_floor_below_what_was_settled_already_leads_no_reader_back()
    {
        // A writer reads the sequence, is held up, and locks that old value only after others have drawn higher
        // numbers and committed. Its own numbers will be higher still, but until it ends the server's answer is lower
        // than before.
        await _feed.AppendAsync(FeedStore.Orders);
        await using var late = await _feed.OpenSessionAsync();
        var key = await late.ScalarAsync<int>("select floor_key from event_store.store");
        var value = await late.ScalarAsync<long>("select last_value from event_store.positions");
        var last = await _feed.AppendAsync(FeedStore.Orders, 5);
        (await _feed.Store.GetSettledBoundAsync(Cancellation)).Value.Should().BeGreaterThanOrEqualTo(last);
        await late.ExecuteAsync($"select pg_advisory_lock_shared({key}, {value})");
        (await _feed.BoundAsync()).Should().BeLessThan(last, "that is the situation to be tested");

        var page = await _feed.Store.ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation);

        page.Events.Should().HaveCount(6);
        page.ReadTo.Value.Should().BeGreaterThanOrEqualTo(last, "the next page must not repeat what this one has");
        (await _feed.Store.GetSettledBoundAsync(Cancellation)).Value.Should().BeGreaterThanOrEqualTo(last);
    }
}
