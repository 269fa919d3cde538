using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Partitions;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>Old months are in the archive, and nobody who reads notices.</summary>
[Trait("Row", "L07")]
[Trait("Invariant", "I30")]
public sealed class ReadThroughTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Months_leave_the_database_and_every_event_is_read_as_before()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-3), 203, 12);
        await scene.AppendAsync(Month.Ahead(-2), 150, 12, "t");
        await scene.AppendAsync(Month.Ahead(0), 60, 12);
        var before = await ArchiveScene.FeedAsync(scene.Store.Store);

        var report = await scene.Archiver().ArchiveAsync();

        report.PrunedMonths.Should().Equal(Month.Ahead(-3).Start, Month.Ahead(-2).Start);
        (report.IsLeader, report.Events, report.Obstacle).Should().Be((true, 353, null));
        (await Month.PartitionsAsync(scene.Store)).Should().NotContain(Month.Ahead(-3).Partition);
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(60);
        (await ArchiveScene.FeedAsync(scene.Reading)).Should().Equal(before);
        (await ArchiveScene.FeedAsync(scene.Reopen(), pageSize: 7)).Should().Equal(before);
        foreach (var stream in before.GroupBy(envelope => envelope.StreamId))
        {
            await ReadEveryWayAsync(scene.Reopen(), stream.Key, [.. stream]);
        }
    }

    [Fact]
    public async Task A_store_without_its_archive_says_so_and_skips_nothing()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 50, 5, "old");
        await scene.AppendAsync(Month.Ahead(0), 50, 5, "new");
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await scene.Archiver().ArchiveAsync();
        var bare = scene.Store.Reopen().Store;
        var old = all[0].StreamId;

        (await FluentActions.Awaiting(() => bare.LoadAsync(old)).Should().ThrowAsync<EventsArchivedException>())
            .Which.Through.Should().Be(all[49].Position);
        await FluentActions.Awaiting(() => bare.ReadFeedPageAsync(default)).Should().ThrowAsync<EventsArchivedException>();
        await FluentActions.Awaiting(() => bare.ReadFeedPageAsync(all[48].Position))
            .Should().ThrowAsync<EventsArchivedException>();
        (await bare.ReadFeedPageAsync(all[49].Position)).Events.Should().Equal(all.Skip(50));
        (await bare.LoadAsync(all[60].StreamId)).Should().Equal(all.Where(e => e.StreamId == all[60].StreamId));
        (await bare.GetHeadAsync(old)).Version.Value.Should().Be(all.Count(e => e.StreamId == old));
        (await bare.LoadAsync(new StreamId("order", "never"))).Should().BeEmpty();
    }

    [Fact]
    public async Task Filters_and_times_hold_across_the_border()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-3), 120, 6, "a");
        await scene.AppendAsync(Month.Ahead(-2), 120, 6, "b");
        await scene.AppendAsync(Month.Ahead(0), 40, 6, "a");
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await scene.Archiver().ArchiveAsync();
        FeedFilter[] filters =
        [
            new() { StreamPrefix = "order-a" },
            new() { StreamTypes = ["other"] },
            new() { RecordedFrom = all[100].RecordedAt, RecordedBefore = all[130].RecordedAt },
            new() { RecordedFrom = all[230].RecordedAt },
            new() { RecordedBefore = all[3].RecordedAt, StreamPrefix = "order-a0" },
            new() { RecordedFrom = Month.Ahead(-1).Start, RecordedBefore = Month.Ahead(-1).End },
        ];
        foreach (var filter in filters)
        {
            (await ArchiveScene.FeedAsync(scene.Reading, filter: filter, pageSize: 9))
                .Should().Equal(all.Where(filter.Matches));
        }
    }

    [Fact]
    public async Task A_repeated_append_gets_the_same_answer_after_its_month_has_left()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        var stream = Some.Stream();
        var events = Some.Events(stream, 3);
        await scene.Store.Store.AppendAsync(stream, events, 0);
        await scene.MoveAsync(Month.Ahead(-2), 0);
        var first = await scene.Store.Reopen().Store.AppendAsync(stream, events, 0);
        await scene.Archiver().ArchiveAsync();
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(0);

        foreach (var expected in new[] { ExpectedVersion.NoStream, ExpectedVersion.Any, ExpectedVersion.StreamExists })
        {
            (await scene.Reopen().AppendAsync(stream, events, expected)).Should().Be(first);
        }

        var other = Some.Event(stream) with { Id = events[1].Id };
        await FluentActions.Awaiting(() => scene.Reopen().AppendAsync(stream, [other]))
            .Should().ThrowAsync<EventIdReusedException>();
        var continued = await scene.Reopen().AppendAsync(stream, Some.Events(stream, 2), 3);
        continued.Version.Value.Should().Be(5);
        var verification = await StreamVerifier.VerifyAsync(
            stream, scene.Reading.ReadStreamAsync(stream), await scene.Reading.GetHeadAsync(stream));
        verification.VerifiedEvents.Should().Be(5);
        verification.IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task Inside_a_transaction_of_any_level_nothing_is_missing()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 30, 3);
        await scene.AppendAsync(Month.Ahead(0), 30, 3);
        var stream = new StreamId("order", "s1");
        var before = await scene.Store.Store.LoadAsync(stream);
        await scene.Archiver().ArchiveAsync();
        foreach (var level in new[] { System.Data.IsolationLevel.ReadCommitted, System.Data.IsolationLevel.RepeatableRead })
        {
            await using var connection = await scene.Store.DataSource.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync(level);
            (await scene.Reading.LoadAsync(stream, transaction)).Should().Equal(before);
            (await scene.Reading.LoadAsync(stream, transaction, 2, 4)).Should().Equal(before.Skip(1).Take(3));
            await transaction.CommitAsync();
        }
    }

    [Fact]
    public async Task A_reader_that_goes_over_the_border_again_and_again_while_months_leave_sees_each_event_once()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        for (var month = -6; month <= 0; month++)
        {
            await scene.AppendAsync(Month.Ahead(month), 90, 9);
        }

        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        var readers = Enumerable.Range(0, 3).Select(number => scene.Reopen()).ToArray();
        var archiving = scene.Archiver().ArchiveAsync();
        var passes = 0;
        while (!archiving.IsCompleted || passes < 3)
        {
            var stream = all[passes % all.Count].StreamId;
            (await ArchiveScene.FeedAsync(readers[passes % 3], pageSize: 50)).Should().Equal(all);
            (await readers[(passes + 1) % 3].LoadAsync(stream)).Should().Equal(all.Where(e => e.StreamId == stream));
            passes++;
        }

        (await archiving).PrunedMonths.Should().HaveCount(6);
        (await ArchiveScene.FeedAsync(scene.Reading)).Should().Equal(all);
    }

    [Fact]
    public async Task Reading_through_can_be_switched_off()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(
            database, bucket.Objects, new ArchiveReadingOptions { ReadThrough = false });
        var old = await scene.AppendAsync(Month.Ahead(-2), 30, 3);
        await scene.Archiver().ArchiveAsync();

        await FluentActions.Awaiting(() => scene.Reading.LoadAsync(old[0].StreamId))
            .Should().ThrowAsync<EventsArchivedException>();
    }

    private static async Task ReadEveryWayAsync(
        PostgresEventStore store, StreamId stream, IReadOnlyList<EventEnvelope> expected)
    {
        (await store.LoadAsync(stream)).Should().Equal(expected);
        (await store.LoadAsync(stream, 3, 9)).Should().Equal(expected.Skip(2).Take(7));
        var backward = new List<EventEnvelope>();
        await foreach (var envelope in store.ReadStreamAsync(stream, ReadDirection.Backward))
        {
            backward.Add(envelope);
        }

        backward.Should().Equal(expected.Reverse());
        var verification = await StreamVerifier.VerifyAsync(
            stream, store.ReadStreamAsync(stream), await store.GetHeadAsync(stream));
        verification.IsValid.Should().BeTrue();
        verification.VerifiedEvents.Should().Be(expected.Count);
    }
}
