using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;
using K1s0.EventStore.Postgres.Tests.Partitions;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>Events that have left the database are leaves as before: proved, exported, sealed and published.</summary>
[Trait("Row", "L07")]
public sealed class ArchivedLedgerTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_event_is_proved_and_exported_as_before_its_month_left()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var head = await log.SealAllAsync();
        var files = new List<byte[]?>();
        foreach (var envelope in all)
        {
            files.Add(await log.Proofs.ExportEventAsync(envelope.Id, Cancellation));
        }

        (await scene.ArchiveAsync()).PrunedMonths.Should().HaveCount(2);

        var proofs = new LedgerProofs(scene.Ledger);
        foreach (var (index, envelope) in all.Index())
        {
            var proof = (await proofs.ProveEventAsync(envelope.Id, Cancellation))!;
            proof.Verify(envelope, TestLog.Origin, log.Keys).Should().Be(EventProofVerdict.Valid);
            proof.Proof.Index.Should().Be(index);
            (await proofs.ExportEventAsync(envelope.Id, Cancellation)).Should().Equal(files[index]);
        }

        (await scene.Ledger.ReadSealedAsync(0, (int)head.Size, Cancellation))
            .Should().Equal(all.Select(LeafRecord.Of));
        (await scene.Ledger.ReadSealedAsync(37, 100, Cancellation))
            .Should().Equal(all.Skip(37).Take(100).Select(LeafRecord.Of));
        (await proofs.ProveEventAsync(Guid.CreateVersion7(), Cancellation)).Should().BeNull();
        (await proofs.ExportEventAsync(Guid.CreateVersion7(), Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Without_the_archive_nothing_archived_is_proved_and_nobody_is_accused()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        await log.SealAllAsync();
        await scene.ArchiveAsync();
        var firstHot = all.First(e => e.Position > all[139].Position && e.Version > 1
            && all.Any(other => other.StreamId == e.StreamId && other.Version == e.Version - 1
                && other.Position <= all[139].Position));

        foreach (var id in new[] { all[3].Id, firstHot.Id })
        {
            (await FluentActions.Awaiting(() => log.Proofs.ProveEventAsync(id, Cancellation))
                .Should().ThrowAsync<EventsArchivedException>()).Which.Through.Should().Be(all[139].Position);
        }

        await FluentActions.Awaiting(() => log.Ledger.ReadSealedAsync(0, 10, Cancellation))
            .Should().ThrowAsync<EventsArchivedException>();
        (await log.Proofs.ProveEventAsync(all[^1].Id, Cancellation)).Should().NotBeNull();
    }

    [Fact]
    public async Task A_place_to_publish_to_that_comes_later_gets_the_whole_log()
    {
        using var bucket = new BucketDirectory();
        using var folder = new PublishedFolder();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var head = await log.SealAllAsync();
        await scene.ArchiveAsync();

        var published = await log.Publisher(folder.Target, scene.Ledger).PublishAsync(Cancellation);

        published!.Size.Should().Be(head.Size);
        var (found, entries) = (await folder.VerifyAsync(log.Keys))!.Value;
        found.Should().Be(published);
        entries.Should().Equal(all.Select(LeafRecord.Of));
    }

    [Theory]
    [InlineData(7)]
    [InlineData(1_000)]
    public async Task A_ledger_that_comes_later_seals_what_has_left_long_ago(int leavesPerSeal)
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        await scene.ArchiveAsync();

        var head = await log.SealAllAsync(log.Sealer(
            options => options.MaxLeavesPerSeal = leavesPerSeal, scene.Ledger));

        var tree = new MerkleTree();
        foreach (var envelope in all)
        {
            tree.Append(LeafRecord.Of(envelope).LeafHash());
        }

        (head.Size, head.Root, head.LastPosition).Should().Be((all.Count, tree.Root, all[^1].Position));
        var proof = (await new LedgerProofs(scene.Ledger).ProveEventAsync(all[9].Id, Cancellation))!;
        proof.Verify(all[9], TestLog.Origin, log.Keys).Should().Be(EventProofVerdict.Valid);
    }

    [Fact]
    public async Task Leaves_that_are_not_as_many_as_the_events_are_not_sealed_whether_these_have_left_or_not()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        await AppendAsync(scene);
        await scene.ArchiveAsync();
        var before = await log.ContentAsync();

        foreach (var left in new[] { 3, 150 })
        {
            var sealer = log.Sealer(ledger: new StepLedger(scene.Ledger)
            {
                AfterRead = leaves => [.. leaves.Where((_, index) => index != left)],
            });
            await FluentActions.Awaiting(() => sealer.SealAsync(Cancellation))
                .Should().ThrowAsync<LogDivergedException>();
            await sealer.ReleaseAsync();
        }

        (await log.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task A_month_may_leave_between_reading_leaves_and_sealing_them()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var ledger = new StepLedger(scene.Ledger)
        {
            BeforeSeal = async () => await scene.ArchiveAsync(),
        };

        var head = await log.SealAllAsync(log.Sealer(options => options.MaxLeavesPerSeal = 50, ledger));

        head.Size.Should().Be(all.Count);
        (await scene.Ledger.ReadSealedAsync(0, all.Count, Cancellation)).Should().Equal(all.Select(LeafRecord.Of));
    }

    // 140 events of two months that can leave, and 60 of this one.
    private static async Task<IReadOnlyList<EventEnvelope>> AppendAsync(ArchiveScene scene)
    {
        await scene.AppendAsync(Month.Ahead(-3), 70, 6);
        await scene.AppendAsync(Month.Ahead(-2), 70, 6);
        await scene.AppendAsync(Month.Ahead(0), 60, 6);
        return await ArchiveScene.FeedAsync(scene.Store.Store);
    }
}
