using K1s0.EventStore.Archive;
using K1s0.EventStore.Postgres.Tests.Partitions;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A store that was rebuilt from its bucket goes on archiving into it.</summary>
[Trait("Row", "I19")]
public sealed class AdoptionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task A_rebuilt_store_adopts_the_batches_of_its_bucket_and_archives_behind_them()
    {
        using var bucket = new BucketDirectory();
        await using var lost = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await lost.AppendAsync(Month.Ahead(-3), 90, 6);
        await lost.AppendAsync(Month.Ahead(-2), 90, 6);
        (await lost.Archiver().ArchiveAsync()).PrunedMonths.Should().HaveCount(2);
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await new ArchiveRebuild(
            bucket.Objects, new PostgresEventImporter(scene.Store.DataSource, scene.Store.Options)).RunAsync();

        await FluentActions.Awaiting(() => scene.Archiver().ArchiveAsync())
            .Should().ThrowAsync<ManifestConflictException>();
        (await scene.Catalog.ListBatchesAsync(default)).Should().BeEmpty("nothing was begun");
        var adopted = await scene.Archiver().AdoptAsync();

        adopted.Should().BeEquivalentTo(new { Events = 180L });
        var listing = (await new ArchiveManifests(bucket.Objects).ReadLatestAsync())!;
        (await scene.Catalog.ListBatchesAsync(default))
            .Select(batch => (batch.Stored!.Key, batch.Stored.Digest, batch.EventsDigest, batch.State)).Should().Equal(
                listing.Batches.Select(b => (b.Key.Value, b.Digest, b.EventsDigest, ArchiveState.Listed)));
        await scene.AppendAsync(Month.Ahead(-1), 50, 6, "t");
        await scene.AppendAsync(Month.Ahead(0), 20, 6, "u");
        var all = await ArchiveScene.FeedAsync(scene.Reading);
        var report = await scene.Archiver().ArchiveAsync();

        (report.PrunedMonths.Count, report.Events, report.Obstacle).Should().Be((3, 50, null));
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(20);
        (await ArchiveScene.FeedAsync(scene.Reopen(), pageSize: 11)).Should().Equal(all);
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            (await scene.Reading.LoadAsync(stream.Key)).Should().Equal(stream);
        }

        var found = await new ArchiveVerifier(bucket.Objects).VerifyAsync();
        (found.IsWhole, found.Events).Should().Be((true, 230));

        // The lost store is not lost after all: its books are behind the bucket, and it lists nothing there any more.
        await lost.AppendAsync(Month.Ahead(-1), 10, 2, "v");
        await FluentActions.Awaiting(() => lost.Archiver().ArchiveAsync())
            .Should().ThrowAsync<ManifestConflictException>();
    }

    [Fact]
    public async Task A_batch_that_was_damaged_before_its_month_leaves_is_made_anew()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await scene.AppendAsync(Month.Ahead(-2), 90, 6);
        await scene.AppendAsync(Month.Ahead(0), 10, 6);
        var all = await ArchiveScene.FeedAsync(scene.Reading);
        scene.Options.Prune = false;
        await scene.Archiver().ArchiveAsync();
        var damaged = (await scene.Catalog.ListBatchesAsync(default))[1].Stored!.Key;
        var file = Directory.EnumerateFiles(bucket.Path, "*", SearchOption.AllDirectories)
            .Single(name => name.EndsWith(Path.GetFileName(damaged), StringComparison.Ordinal));
        var content = await File.ReadAllBytesAsync(file);
        content[content.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, content);
        scene.Options.Prune = true;

        var report = await scene.Archiver().ArchiveAsync();

        (report.Replaced, report.PrunedMonths.Count, report.Obstacle).Should().Be((1, 1, null));
        (await ArchiveScene.FeedAsync(scene.Reopen(), pageSize: 11)).Should().Equal(all);
        var found = await new ArchiveVerifier(bucket.Objects).VerifyAsync();
        found.IsWhole.Should().BeTrue();
        found.Findings.Should().ContainSingle().Which.Key.Should().Be(damaged, "no manifest lists it any more");
    }

    [Fact]
    public async Task An_event_appended_by_SQL_again_after_its_month_has_left_is_refused_with_a_code_of_its_own()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        const string append =
            """
            select {s}.append_event('order', 'sql', null, 'placed', '{"a":1}', '{}',
              '0198c0de-0000-7000-8000-000000000001', '2026-01-01T00:00:00Z')
            """;
        await scene.Store.ScalarAsync<long>(append);
        await scene.MoveAsync(Month.Ahead(-2), 0);
        (await scene.Store.ScalarAsync<long>(append)).Should().Be(1, "it is the same one");
        var position = (await ArchiveScene.FeedAsync(scene.Reading)).Should().ContainSingle().Which.Position;
        (await scene.Archiver().ArchiveAsync()).PrunedMonths.Should().ContainSingle();

        var refused = (await FluentActions.Awaiting(() => scene.Store.ScalarAsync<long>(append))
            .Should().ThrowAsync<Npgsql.PostgresException>()).Which;

        (refused.SqlState, refused.ColumnName).Should().Be(("ES410", position.ToString()));
        refused.MessageText.Should().Contain("0198c0de-0000-7000-8000-000000000001");
        (await ArchiveScene.FeedAsync(scene.Reading)).Should().ContainSingle();
    }
}
