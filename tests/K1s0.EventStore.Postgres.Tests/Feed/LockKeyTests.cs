namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A lock has 31 bits of a position: the bound is put together again from them and the sequence.</summary>
public sealed class LockKeyTests : IAsyncLifetime
{
    private const long KeySpace = 1L << 31;

    private FeedStore _feed = null!;

    public async ValueTask InitializeAsync() => _feed = await FeedStore.CreateAsync();

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Theory]
    [InlineData(KeySpace)]
    [InlineData(2 * KeySpace)]
    [InlineData(3 * KeySpace)]
    [InlineData(1L << 53)]
    public async Task The_bound_is_right_on_both_sides_of_the_border_where_keys_begin_anew(long border)
    {
        await MoveSequenceAsync(border - 3);
        await using var early = await OpenAppend.BeginAsync(_feed);
        var first = await early.AppendAsync(FeedStore.Orders);
        first.Should().Be(border - 2);
        var across = await _feed.AppendAsync(FeedStore.Payments, 4);
        await using var late = await OpenAppend.BeginAsync(_feed);
        var second = await late.AppendAsync(new StreamId("stock", "1"));
        var last = await _feed.AppendAsync(FeedStore.Payments);
        second.Should().BeGreaterThan(border);

        (await _feed.BoundAsync()).Should().BeLessThan(first);
        (await _feed.ReadFeedAsync()).Should().BeEmpty();

        await early.CommitAsync();
        (await _feed.BoundAsync()).Should().Be(across);
        (await _feed.ReadFeedAsync()).Should().StartWith(first).And.EndWith(across);

        await late.CommitAsync();
        (await _feed.BoundAsync()).Should().Be(last);
        (await _feed.ReadFeedAsync()).Should().Equal(await _feed.ReadTableAsync());
    }

    [Fact]
    public async Task The_bound_equals_the_least_position_locked_for_any_positions_within_the_key_space()
    {
        var seed = WorkloadSettings.Read().Seed;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var locks = await _feed.OpenSessionAsync();
        var key = await locks.ScalarAsync<int>("select floor_key from event_store.store");
        var next = 2L;
        for (var round = 0; round < 60; round++)
        {
            var held = await AppendApartAsync(random, next);
            foreach (var position in held)
            {
                await locks.ExecuteAsync($"select pg_advisory_lock_shared({key}, {position % KeySpace})");
            }

            next = held[^1] + random.NextInt64(1, KeySpace - (held[^1] - held[0]));
            await MoveSequenceAsync(next - 1);
            var last = await _feed.AppendAsync(FeedStore.Orders);

            (await _feed.BoundAsync()).Should().Be(held[0], "{0} are locked and the sequence is at {1}", held, last);
            await locks.ExecuteAsync("select pg_advisory_unlock_all()");
            (await _feed.BoundAsync()).Should().Be(last);
            next += 1 + (long)Math.Pow(2, random.NextDouble() * 56);
        }
    }

    // Ascending positions of events, the last less than a key space behind the first.
    private async Task<List<long>> AppendApartAsync(Random random, long from)
    {
        var positions = new List<long>();
        var count = random.Next(1, 5);
        for (var i = 0; i < count; i++)
        {
            await MoveSequenceAsync(from);
            positions.Add(await _feed.AppendAsync(FeedStore.Orders));
            from = positions[^1] + (long)Math.Pow(2, random.NextDouble() * 28);
        }

        return positions;
    }

    private async Task MoveSequenceAsync(long lastValue)
    {
        await using var session = await _feed.OpenSessionAsync();
        await session.ExecuteAsync($"select setval('event_store.positions', {lastValue})");
    }
}
