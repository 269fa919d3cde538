using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.Postgres.Tests.Projections;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A projection is made anew from all events, wherever they are.</summary>
[Trait("Invariant", "I32")]
[Trait("Row", "L07")]
public sealed class ArchivedProjectionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Name = "balances";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public async Task Months_that_have_left_are_read_from_the_archive(bool isKeyedByStream, bool isInline)
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, Month.Ahead(-3), Month.Ahead(-2));
        var projection = new Balances(scene.Store.Name) { IsKeyedByStream = isKeyedByStream };

        var result = await scene.Rebuilder(projection, isInline).RebuildAsync(Small(), cancellationToken: Cancellation);

        (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all));
        (result.Events, result.Position).Should().Be((all.Count, all[^1].Position));
        result.Archive!.Batches.Should().BeGreaterThanOrEqualTo(4);
        result.Archive.BytesFetched.Should().BePositive();
        var again = await scene.Rebuilder(projection, isInline).RebuildAsync(Small(), cancellationToken: Cancellation);
        again.Archive!.BytesFetched.Should().Be(0, "what is kept is not fetched again");
    }

    [Fact]
    public async Task A_filter_lets_the_same_events_through_on_both_sides_of_the_border()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, Month.Ahead(-3), Month.Ahead(-2));
        FeedFilter[] filters =
        [
            new() { StreamPrefix = "order-s1" },
            new() { RecordedFrom = all[60].RecordedAt },
            new() { StreamTypes = ["other"] },
        ];
        foreach (var filter in filters)
        {
            var projection = new Balances(scene.Store.Name) { Filter = filter };

            var result = await scene.Rebuilder(projection).RebuildAsync(Small(), cancellationToken: Cancellation);

            result.Events.Should().Be(all.Count(filter.Matches));
            (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all.Where(filter.Matches)));
        }
    }

    [Fact]
    public async Task A_month_may_leave_in_the_middle_of_a_rebuild()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, Month.Ahead(-3));
        await AppendAsync(scene, Month.Ahead(-2));
        all = await ArchiveScene.FeedAsync(scene.Reading);
        var batches = 0;
        var projection = new Balances(scene.Store.Name, async (_, _) =>
        {
            if (Interlocked.Increment(ref batches) == 3)
            {
                (await scene.ArchiveAsync()).PrunedMonths.Should().Equal(Month.Ahead(-2).Start);
            }
        });

        var result = await scene.Rebuilder(projection).RebuildAsync(Small(), cancellationToken: Cancellation);

        result.Events.Should().Be(all.Count);
        (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all));
    }

    [Fact]
    public async Task A_month_that_leaves_between_building_and_swapping_is_applied_before_the_swap()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await AppendAsync(scene, Month.Ahead(-2));
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        var claim = await scene.Store.Checkpoints.ClaimAsync(Name, "test", Cancellation);
        var identity = await scene.Store.Store.GetIdentityAsync(Cancellation);
        await SaveAsync(all[^6]);
        var hasLeft = false;
        var projection = new Balances(scene.Store.Name, async (events, context) =>
        {
            if (context.IsRebuilding && events[^1].Id == all[^6].Id)
            {
                // The last batch of the building: what comes now is left to the swap, which finds it gone.
                await SaveAsync(all[^1]);
                hasLeft = (await scene.ArchiveAsync()).PrunedMonths.Count == 1;
            }
        })
        { IsKeyedByStream = false };

        var result = await scene.Rebuilder(projection).RebuildAsync(Small(), cancellationToken: Cancellation);

        hasLeft.Should().BeTrue();
        (result.Events, result.Position).Should().Be((all.Count, all[^1].Position));
        (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all));

        async Task SaveAsync(EventEnvelope envelope) => claim = await scene.Store.Checkpoints.SaveAsync(
            claim, new Checkpoint(envelope.Position, identity, envelope.ChainHash), Cancellation);
    }

    [Fact]
    public async Task Without_the_archive_a_rebuild_says_so_and_goes_on_when_it_is_there()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var all = await ArchiveAsync(scene, Month.Ahead(-2));
        var projection = new Balances(scene.Store.Name);
        using var closed = new ArchivedEvents(bucket.Objects, new ArchiveReadingOptions { ReadThrough = false });
        ProjectionRebuilder[] bare =
        [
            new(scene.Store.DataSource, Name, projection, scene.Store.Options),
            new(scene.Store.DataSource, closed, Name, projection, scene.Store.Options),
        ];
        foreach (var rebuilder in bare)
        {
            await FluentActions.Awaiting(() => rebuilder.RebuildAsync(Small(), cancellationToken: Cancellation))
                .Should().ThrowAsync<EventsArchivedException>();
        }

        await scene.Rebuilder(projection).RebuildAsync(Small(), cancellationToken: Cancellation);

        (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all));
    }

    private static RebuildOptions Small() => new() { BatchSize = 10, Lanes = 3 };

    private static Task<IReadOnlyList<EventEnvelope>> AppendAsync(ArchiveScene scene, Month month) =>
        scene.AppendAsync(month, 75, 7);

    // Events of some months that have left, and of this one; all of the feed.
    private static async Task<IReadOnlyList<EventEnvelope>> ArchiveAsync(ArchiveScene scene, params Month[] months)
    {
        foreach (var month in months)
        {
            await AppendAsync(scene, month);
        }

        await scene.AppendAsync(Month.Ahead(0), 40, 7);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        (await scene.ArchiveAsync()).PrunedMonths.Should().HaveCount(months.Length);
        return all;
    }
}
