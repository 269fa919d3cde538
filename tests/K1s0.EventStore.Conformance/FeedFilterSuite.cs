using System.Globalization;

namespace K1s0.EventStore.Conformance;

/// <summary>Filters: what a store lets through is what <see cref="FeedFilter.Matches"/> lets through.</summary>
public abstract class FeedFilterSuite : ConformanceSuite
{
    private static readonly string[] EventTypes =
        ["ItemAdded", "itemadded", "ItemAdded ", "Item%", "Item_dded", "品目追加"];

    // Every test of this suite has stream types of its own: a filter by stream type keeps others out.
    private string[] StreamTypes => [$"{TestKey}a", $"{TestKey}A", $"{TestKey}a-b", $"{TestKey}%"];

    [Theory]
    [InlineData("ItemAdded")]
    [InlineData("itemadded")]
    [InlineData("Item%")]
    [InlineData("Item_dded")]
    [InlineData("品目追加")]
    [InlineData("NothingLikeThis")]
    [InlineData("ItemAdded|品目追加")]
    [InlineData("ItemAdded|ItemAdded|NothingLikeThis")]
    [InlineData("")]
    public async Task By_event_type(string types)
    {
        var all = await FilledAsync();
        var wanted = types.Split('|', StringSplitOptions.RemoveEmptyEntries);

        await AssertFilterAsync(all, new FeedFilter { StreamPrefix = TestKey, EventTypes = wanted });
    }

    [Theory]
    [InlineData("a")]
    [InlineData("A")]
    [InlineData("%")]
    [InlineData("_")]
    [InlineData("a|a-b")]
    public async Task By_stream_type(string types)
    {
        var all = await FilledAsync();

        await AssertFilterAsync(
            all, new FeedFilter { StreamTypes = [.. types.Split('|').Select(type => TestKey + type)] });
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("A")]
    [InlineData("a-")]
    [InlineData("a-b")]
    [InlineData("a-b-1")]
    [InlineData("%")]
    [InlineData("%-")]
    [InlineData("_")]
    [InlineData("a-_")]
    [InlineData("a-%")]
    [InlineData("a-\\")]
    [InlineData("a-'")]
    [InlineData("a-e")]
    [InlineData("a-e\u0301")]
    [InlineData("a-\u00e9")]
    [InlineData("a-日")]
    [InlineData("a-😀")]
    [InlineData("nothing like this")]
    public async Task By_the_beginning_of_the_streams_text(string prefix)
    {
        var all = await FilledAsync();

        await AssertFilterAsync(all, new FeedFilter { StreamPrefix = TestKey + prefix });
    }

    [Fact]
    public async Task By_recorded_time_from_inclusive_to_exclusive()
    {
        var all = await FilledAsync();
        DateTimeOffset?[] limits =
        [
            null,
            all[0].RecordedAt.AddMicroseconds(-1),
            all[0].RecordedAt,
            all[5].RecordedAt,
            all[5].RecordedAt.AddMicroseconds(1),
            all[^1].RecordedAt,
            all[^1].RecordedAt.AddMicroseconds(1),
            all[5].RecordedAt.ToOffset(TimeSpan.FromHours(9)),
        ];

        foreach (var from in limits)
        {
            foreach (var before in limits)
            {
                await AssertFilterAsync(
                    all, new FeedFilter { StreamPrefix = TestKey, RecordedFrom = from, RecordedBefore = before });
            }
        }
    }

    [Fact]
    public async Task Any_combination_equals_the_specification()
    {
        var random = SeededRandom.Create();
        var all = await FilledAsync();
        for (var i = 0; i < 60; i++)
        {
            await AssertFilterAsync(all, new FeedFilter
            {
                EventTypes = random.Next(2) == 0 ? null : random.GetItems(EventTypes, random.Next(4)),
                StreamTypes = random.Next(2) == 0 ? null : random.GetItems(StreamTypes, random.Next(4)),
                StreamPrefix = TestKey + random.GetItems(["", "a", "a-b", "%", "A-1"], 1)[0],
                RecordedFrom = random.Next(2) == 0 ? null : all[random.Next(all.Count)].RecordedAt,
                RecordedBefore = random.Next(2) == 0 ? null : all[random.Next(all.Count)].RecordedAt,
            });
        }
    }

    [Fact]
    public async Task A_filter_without_members_lets_everything_through()
    {
        var all = await FilledAsync();
        var events = new List<EventEnvelope>();
        await foreach (var envelope in Feed.ReadFeedAsync(FeedStart, new FeedFilter(), cancellationToken: Cancellation))
        {
            events.Add(envelope);
        }

        events.Where(envelope => envelope.StreamId.ToString().StartsWith(TestKey, StringComparison.Ordinal))
            .Should().Equal(all);
    }

    // Streams and types that differ only in what a careless filter gets wrong, in the order of the feed.
    private async Task<IReadOnlyList<EventEnvelope>> FilledAsync()
    {
        string[] ids = ["1", "b-1", "_", "%", "\\", "'", "e\u0301", "\u00e9", "日本", "😀", "x"];
        var (number, acknowledged) = (0, Position.Start);
        foreach (var stream in StreamTypes.SelectMany(type => ids.Select(id => new StreamId(type, id))))
        {
            var type = EventTypes[number++ % EventTypes.Length];
            var payload = number.ToString(CultureInfo.InvariantCulture);
            var result = await Store.AppendAsync(stream, [AnEvent(stream, payload, type)], 0, Cancellation);
            acknowledged = result.LastPosition;
        }

        await SettledAsync(acknowledged);
        var all = await ReadAsync(new FeedFilter { StreamTypes = StreamTypes });
        all.Should().HaveCount(StreamTypes.Length * ids.Length);
        return all;
    }

    private async Task AssertFilterAsync(IReadOnlyList<EventEnvelope> all, FeedFilter filter) =>
        (await ReadAsync(filter)).Should().Equal(all.Where(filter.Matches));

    private async Task<IReadOnlyList<EventEnvelope>> ReadAsync(FeedFilter filter)
    {
        var events = new List<EventEnvelope>();
        await foreach (var envelope in Feed.ReadFeedAsync(FeedStart, filter, pageSize: 7, Cancellation))
        {
            events.Add(envelope);
        }

        return events;
    }
}
