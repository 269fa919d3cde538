namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What peers told gaps of the feed from late events by: times and counts. Neither plays a part here.</summary>
public sealed class DeadPositionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-50)]
    [InlineData(50)]
    [Trait("PeerBug", "B06")]
    public async Task However_old_or_new_an_event_claims_to_be_it_is_not_passed_before_its_append_has_ended(int years)
    {
        var store = await database.NewStoreAsync();
        var (slow, quick) = (Some.Stream(), Some.Stream());
        await using var connection = await store.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var late = Some.Event(slow) with { OccurredAt = DateTimeOffset.UtcNow.AddYears(years) };
        await store.Store.AppendAsync([new StreamAppend(slow, [late])], transaction, Cancellation);
        await store.Store.AppendAsync(
            quick, [Some.Event(quick) with { OccurredAt = DateTimeOffset.UtcNow.AddYears(-years) }], null, Cancellation);

        var before = await store.Store.ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation);
        await transaction.CommitAsync(Cancellation);
        var behind = await store.Store.ReadFeedPageAsync(before.ReadTo, cancellationToken: Cancellation);

        before.Events.Should().BeEmpty();
        behind.Events.Select(envelope => envelope.StreamId).Should().Equal(slow, quick);
    }

    [Fact]
    [Trait("PeerBug", "B07")]
    public async Task Thirty_million_dead_positions_are_passed_with_one_page()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream())], Cancellation);
        await store.ExecuteAsync("select setval('{s}.positions', 30000000)");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], Cancellation);

        var page = await store.Store.ReadFeedPageAsync(Position.Start, maxCount: 10, cancellationToken: Cancellation);

        page.Events.Select(envelope => envelope.Position.Value).Should().Equal(2, 30_000_001);
        page.IsAtEnd.Should().BeTrue();
    }
}
