using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

public sealed class PublishedLogTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task The_published_files_are_the_whole_log_at_every_size()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var (random, publisher) = (SeededRandom.Create(), log.Publisher(folder.Target));
        (await publisher.PublishAsync()).Should().BeNull();
        TreeHead? before = null;
        foreach (var count in new[] { 1, 200, 55, 1, 300, 256 })
        {
            var head = await log.GrowAsync(count, random);

            var published = await publisher.PublishAsync();

            published!.Size.Should().Be(head.Size);
            var (found, entries) = (await folder.VerifyAsync(log.Keys))!.Value;
            found.Should().Be(published);
            entries.Should().Equal((await log.Store.FeedAsync()).Select(LeafRecord.Of));
            (await publisher.PublishAsync()).Should().Be(published, "publishing again changes nothing");
            if (before is not null)
            {
                await log.Proofs.ProveConsistencyAsync(before, published);
            }

            before = published;
        }
    }

    [Fact]
    public async Task Partial_files_are_kept_as_long_as_the_full_one_is_not_there_and_no_longer()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var (random, publisher) = (SeededRandom.Create(), log.Publisher(folder.Target));
        string[] Partials() =>
            [.. folder.Files().Keys.Where(path => path.Contains(".p/", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        await log.GrowAsync(100, random);
        await publisher.PublishAsync();
        await log.GrowAsync(100, random);
        await publisher.PublishAsync();
        Partials().Should().Equal(
            "tile/0/000.p/100", "tile/0/000.p/200", "tile/entries/000.p/100", "tile/entries/000.p/200");

        await log.GrowAsync(100, random);
        await publisher.PublishAsync();

        Partials().Should().Equal("tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44");
        (await folder.VerifyAsync(log.Keys))!.Value.Head.Size.Should().Be(300);
    }

    [Fact]
    public async Task More_events_than_one_chunk_are_published()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var stream = Some.Stream();
        await log.GrowAsync(100, SeededRandom.Create());
        await log.Publisher(folder.Target).PublishAsync();
        for (var i = 0; i < 20; i++)
        {
            await log.Store.Store.AppendAsync(stream, Some.Events(stream, 1_000));
        }

        await log.SealAllAsync();
        await log.Publisher(folder.Target).PublishAsync();

        (await folder.VerifyAsync(log.Keys))!.Value.Head.Size.Should().Be(20_100);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_failure_at_any_file_what_is_published_is_complete_and_the_next_try_goes_on(bool afterwards)
    {
        using var log = await TestLog.CreateAsync(database);
        var random = SeededRandom.Create();
        await log.GrowAsync(250, random);
        using var old = new PublishedFolder();
        await log.Publisher(old.Target).PublishAsync();
        await log.GrowAsync(270, random);
        var failures = 0;
        while (true)
        {
            using var folder = new PublishedFolder();
            folder.CopyFrom(old);
            var target = new FailingTarget(folder.Target) { FailAt = failures + 1, FailsAfterwards = afterwards };
            if (!await FailsAsync(log, target))
            {
                break;
            }

            failures++;
            var size = (await folder.VerifyAsync(log.Keys))!.Value.Head.Size;
            size.Should().BeOneOf(afterwards && target.HasReplaced ? 520 : 250);
            await log.Publisher(folder.Target).PublishAsync();
            (await folder.VerifyAsync(log.Keys))!.Value.Head.Size.Should().Be(520);
        }

        failures.Should().Be(
            10,
            "three tiles of level 0, one of level 1, three bundles, the partial ones that a full tile and a full bundle "
            + "supersede, and the checkpoint");
    }

    [Fact]
    [Trait("PeerBug", "B27")]
    public async Task A_database_that_lost_leaves_that_were_published_is_refused_and_the_loss_is_named()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        await log.GrowAsync(10, random);
        await log.BackUpAsync();
        await log.GrowAsync(7, random);
        await log.Publisher(folder.Target).PublishAsync();
        var published = folder.Files();
        await log.RestoreAsync();
        var before = await log.ContentAsync();

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(
            () => log.Sealer(options => options.PublishTo = folder.Target).SealAsync());
        var second = await Assert.ThrowsAsync<LogDivergedException>(
            () => log.Publisher(folder.Target).PublishAsync());

        foreach (var exception in new[] { refusal, second })
        {
            (exception.Known.Size, exception.StoredSize, exception.LostLeaves, exception.IsTransient)
                .Should().Be((17, 10, 7, false));
            exception.Message.Should().Contain("The last 7 leaves are lost").And.Contain("later point in time")
                .And.Contain("new origin");
        }

        (await log.ContentAsync()).Should().Be(before);
        folder.Files().Should().BeEquivalentTo(published);
    }

    [Fact]
    public async Task A_database_that_went_on_differently_is_refused_whatever_its_size()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        await log.GrowAsync(10, random);
        await log.BackUpAsync();
        await log.GrowAsync(7, random);
        await log.Publisher(folder.Target).PublishAsync();
        var published = folder.Files();
        await log.RestoreAsync();
        await log.ChangeLastEventAsync();
        foreach (var more in new[] { 0, 5 })
        {
            // A sealer that knows nothing of what is published grows another branch.
            await log.GrowAsync(more, random);
            var refusal = await Assert.ThrowsAsync<LogDivergedException>(
                () => log.Sealer(options => options.PublishTo = folder.Target).SealAsync());
            await Assert.ThrowsAsync<LogDivergedException>(() => log.Publisher(folder.Target).PublishAsync());

            (refusal.Known.Size, refusal.LostLeaves).Should().Be((17, 0));
            refusal.Message.Should().Contain("first leaves are others");
            await log.RunOutAsync();
            folder.Files().Should().BeEquivalentTo(published);
        }
    }

    [Fact]
    public async Task A_running_sealer_notices_that_the_log_under_it_was_rolled_back()
    {
        using var log = await TestLog.CreateAsync(database);
        var (random, sealer) = (SeededRandom.Create(), log.Sealer());
        await log.GrowAsync(10, random, sealer);
        await log.BackUpAsync();
        await log.GrowAsync(7, random, sealer);
        await log.RestoreAsync();
        await log.AppendAsync(1, random);

        (await sealer.SealAsync()).Should().Be(default(SealStep), "the head is not the one that its batch continues");
        await log.RunOutAsync();
        var refusal = await Assert.ThrowsAsync<LogDivergedException>(() => sealer.SealAsync());

        refusal.LostLeaves.Should().Be(7);
    }

    [Fact]
    public async Task An_event_that_was_changed_after_it_was_sealed_is_not_published()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        await log.GrowAsync(10, SeededRandom.Create());
        await log.ChangeLastEventAsync();

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(
            () => log.Publisher(folder.Target).PublishAsync());

        refusal.Message.Should().Contain("changed after");
        folder.Files().Should().BeEmpty();
    }

    [Fact]
    public async Task What_another_key_or_nobody_signed_is_not_continued()
    {
        using var log = await TestLog.CreateAsync(database);
        using var other = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        await log.GrowAsync(3, SeededRandom.Create());
        await other.GrowAsync(3, SeededRandom.Create());
        await other.Publisher(folder.Target).PublishAsync();

        await Assert.ThrowsAsync<InvalidFormatException>(() => log.Publisher(folder.Target).PublishAsync());
        folder.Write("checkpoint", "nothing"u8.ToArray());
        await Assert.ThrowsAsync<InvalidFormatException>(() => log.Publisher(folder.Target).PublishAsync());
        await Assert.ThrowsAsync<InvalidFormatException>(
            () => log.Sealer(options => options.PublishTo = folder.Target).SealAsync());

        (await folder.Target.ReadCheckpointAsync(CancellationToken.None))!.Value.ToArray()
            .Should().Equal("nothing"u8.ToArray());
    }

    [Fact]
    public async Task A_log_that_a_former_key_signed_goes_on_under_the_new_one_where_the_former_is_still_trusted()
    {
        using var log = await TestLog.CreateAsync(database);
        using var other = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        var before = TreeHead.Parse((await log.GrowAsync(3, random)).Note!.Text);
        await log.Publisher(folder.Target).PublishAsync();
        await log.AppendAsync(4, random);
        var forgetful = log.Options(NewKey);
        var mindful = log.Options(options =>
        {
            NewKey(options);
            options.FormerKeys.Add(log.Keys.Single());
        });

        await Assert.ThrowsAsync<InvalidFormatException>(
            () => new LogSealer(log.Ledger, log.Store.Leases, forgetful).SealAsync());
        await Assert.ThrowsAsync<InvalidFormatException>(() => new LogPublisher(log.Ledger, forgetful).PublishAsync());
        await log.RunOutAsync();
        await log.SealAllAsync(new LogSealer(log.Ledger, log.Store.Leases, mindful));
        var published = await new LogPublisher(log.Ledger, mindful).PublishAsync();

        (await folder.VerifyAsync(other.Keys))!.Value.Head.Should().Be(published).And.Match<TreeHead>(head => head.Size == 7);
        TreeHead.TryOpen(SignedNote.Parse(folder.Files()["checkpoint"]), TestLog.Origin, log.Keys, out _)
            .Should().BeFalse("the former key signs no more");
        await log.Proofs.ProveConsistencyAsync(before, published!);

        void NewKey(LedgerOptions options)
        {
            options.PublishTo = folder.Target;
            options.Signers.Clear();
            options.Signers.Add(other.Options().Signers[0]);
        }
    }

    [Fact]
    public async Task A_file_that_is_there_with_other_content_stays_and_is_named()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        await log.GrowAsync(3, SeededRandom.Create());
        await folder.Target.PutAsync("tile/0/000.p/3", new byte[96], CancellationToken.None);

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(
            () => log.Publisher(folder.Target).PublishAsync());

        refusal.Message.Should().Contain("tile/0/000.p/3");
        (await folder.Target.ReadCheckpointAsync(CancellationToken.None)).Should().BeNull();
        folder.Files()["tile/0/000.p/3"].Should().Equal(new byte[96]);
    }

    [Fact]
    public async Task Of_two_publishers_the_one_that_is_late_does_not_set_the_log_back()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var (random, pause) = (SeededRandom.Create(), new Pause());
        await log.GrowAsync(3, random);
        var late = log.Publisher(new PausedTarget(folder.Target, pause)).PublishAsync();
        await pause.Reached;
        await log.GrowAsync(3, random);
        await log.Publisher(folder.Target).PublishAsync();
        pause.GoOn();

        await Assert.ThrowsAsync<StoreUnavailableException>(() => late);

        (await folder.VerifyAsync(log.Keys))!.Value.Head.Size.Should().Be(6);
    }

    private static async Task<bool> FailsAsync(TestLog log, FailingTarget target)
    {
        try
        {
            await log.Publisher(target).PublishAsync();
            return false;
        }
        catch (StoreUnavailableException)
        {
            return true;
        }
    }

    private sealed class PausedTarget(IPublishedLog inner, Pause pause) : IPublishedLog
    {
        public Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) =>
            inner.ReadCheckpointAsync(cancellationToken);

        public Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
            inner.PutAsync(path, content, cancellationToken);

        public Task RemovePartialsAsync(string path, CancellationToken cancellationToken) =>
            inner.RemovePartialsAsync(path, cancellationToken);

        public async Task<bool> ReplaceCheckpointAsync(
            ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken)
        {
            await pause.HereAsync();
            return await inner.ReplaceCheckpointAsync(expected, checkpoint, cancellationToken);
        }
    }
}
