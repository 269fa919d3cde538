using System.Globalization;
using K1s0.EventStore.Postgres.Tests.Partitions;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>An hour out of a year, over database and archive alike.</summary>
[Trait("Row", "L10")]
[Trait("Row", "L07")]
public sealed class TimeRangeTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task An_hour_out_of_a_year_touches_only_what_overlaps_it_and_says_so()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        scene.Options.MaxEventsPerBatch = 100;
        for (var month = -12; month <= 0; month++)
        {
            // The hour that is read needs two batches of its month: it lies in the second one.
            await scene.AppendAsync(Month.Ahead(month), month == -7 ? 200 : 100, 10);
        }

        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().HaveCount(12);
        var from = Month.Ahead(-7).Start.AddHours(2);
        var expected = all.Where(e => e.RecordedAt >= from && e.RecordedAt < from.AddHours(1)).ToList();

        var range = await scene.Reading.ReadTimeRangeAsync(from, from.AddHours(1));

        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{range.Elapsed.TotalMilliseconds:F1} ms, {range.Archive}"));
        range.Events.Should().Equal(expected).And.HaveCount(60);
        range.IsComplete.Should().BeTrue();
        (range.Archive.Partitions, range.Archive.Batches, range.Archive.Frames).Should().Be((1, 1, 1));
        range.Archive.BytesFetched.Should().BePositive();
        range.Elapsed.Should().BePositive();
        range.Events[0].PartitionKey.Should().Be(from.ToString("yyyy/MM/dd/HH", CultureInfo.InvariantCulture));
        (await scene.Reading.ReadTimeRangeAsync(Month.Ahead(0).Start)).Archive.Batches.Should().Be(0);
    }

    [Fact]
    public async Task A_limit_stops_the_reading_and_it_is_continued_behind()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 100, 10);
        await scene.AppendAsync(Month.Ahead(0), 50, 10);
        var all = await ArchiveScene.FeedAsync(scene.Store.Store);
        await scene.Archiver().ArchiveAsync();

        var first = await scene.Reading.ReadTimeRangeAsync(all[10].RecordedAt, limit: 30);
        var second = await scene.Reading.ReadTimeRangeAsync(
            all[10].RecordedAt, limit: 100, after: first.ReadTo);
        var third = await scene.Reading.ReadTimeRangeAsync(all[10].RecordedAt, after: second.ReadTo);

        first.Events.Should().Equal(all.Skip(10).Take(30));
        second.Events.Should().Equal(all.Skip(40).Take(100));
        third.Events.Should().Equal(all.Skip(140));
        (first.IsComplete, second.IsComplete, third.IsComplete).Should().Be((false, false, true));
    }
}
