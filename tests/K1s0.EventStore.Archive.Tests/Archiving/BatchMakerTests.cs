using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>How the archiver reads the events that it makes batches of.</summary>
public sealed class BatchMakerTests
{
    private const int Large = 100_000;

    private readonly SimulatedArchive _archive =
        new(new ManualTime(new DateTimeOffset(2026, 7, 5, 0, 0, 0, TimeSpan.Zero)));

    [Fact]
    public async Task Large_events_are_read_in_small_pages_and_each_one_once()
    {
        await AppendAsync(300, new string('x', Large));
        var feed = new CountingFeed(_archive);

        var batches = await MakeAllAsync(feed, new EventBatchLimits(7, 64 * 1024 * 1024));

        batches.Sum(batch => batch.Index.EventCount).Should().Be(300);
        batches.Should().HaveCount(43);
        feed.Events.Should().Be(300, "what did not go into a batch goes into the next one");
        feed.Pages.Should().OnlyContain(page => page <= 100);
        feed.Asked.Skip(1).Should().OnlyContain(asked => asked <= 100 && asked > 50);
    }

    [Fact]
    public async Task Small_events_are_read_in_large_pages_and_make_the_same_batches_as_alone()
    {
        await AppendAsync(7_000, "x");
        var feed = new CountingFeed(_archive);
        var limits = new EventBatchLimits(1_500, 64 * 1024 * 1024);

        var batches = await MakeAllAsync(feed, limits);

        feed.Asked.Should().Equal(100, 5_000, 5_000);
        feed.Events.Should().Be(7_000);
        var after = default(Position);
        foreach (var batch in batches)
        {
            var alone = await new BatchMaker(_archive).MakeAsync(
                await _archive.GetIdentityAsync(), after, new Position(7_000), limits, CancellationToken.None);
            alone!.Content.Span.SequenceEqual(batch.Content.Span).Should().BeTrue();
            after = batch.Index.Last;
        }
    }

    [Fact]
    public async Task A_batch_that_is_made_again_is_read_again()
    {
        await AppendAsync(50, "x");
        var feed = new CountingFeed(_archive);
        var maker = new BatchMaker(feed);
        var store = await _archive.GetIdentityAsync();
        var limits = new EventBatchLimits(20, 64 * 1024 * 1024);
        var first = await maker.MakeAsync(store, default, new Position(50), limits, CancellationToken.None);

        var again = await maker.MakeAsync(store, default, new Position(50), limits, CancellationToken.None);

        again!.Content.Span.SequenceEqual(first!.Content.Span).Should().BeTrue();
        feed.Events.Should().Be(100);
    }

    private async Task AppendAsync(int count, string text)
    {
        var stream = new StreamId("order", "a");
        var payload = System.Text.Encoding.UTF8.GetBytes($"\"{text}\"");
        for (var number = 0; number < count; number++)
        {
            await _archive.AppendAsync(
                stream,
                [EventEnvelope.Create(stream, "placed", payload, new EventMetadata())],
                new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero));
        }
    }

    private async Task<IReadOnlyList<EventBatch>> MakeAllAsync(IFeedReader feed, EventBatchLimits limits)
    {
        var maker = new BatchMaker(feed);
        var store = await _archive.GetIdentityAsync();
        var through = await _archive.GetSettledBoundAsync();
        var batches = new List<EventBatch>();
        for (var after = default(Position); after < through; after = batches[^1].Index.Last)
        {
            batches.Add((await maker.MakeAsync(store, after, through, limits, CancellationToken.None))!);
        }

        return batches;
    }

    private sealed class CountingFeed(IFeedReader inner) : IFeedReader
    {
        public List<int> Asked { get; } = [];

        public List<int> Pages { get; } = [];

        public int Events => Pages.Sum();

        public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
            inner.GetIdentityAsync(cancellationToken);

        public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
            inner.GetSettledBoundAsync(cancellationToken);

        public async Task<FeedPage> ReadFeedPageAsync(
            Position after,
            FeedFilter? filter = null,
            int maxCount = 1_000,
            CancellationToken cancellationToken = default)
        {
            var page = await inner.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
            Asked.Add(maxCount);
            Pages.Add(page.Events.Count);
            return page;
        }
    }
}
