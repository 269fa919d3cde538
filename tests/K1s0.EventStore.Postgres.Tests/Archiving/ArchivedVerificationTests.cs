using System.Globalization;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;
using K1s0.EventStore.Postgres.Tests.Partitions;
using K1s0.EventStore.Postgres.Tests.Projections;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A whole store is verified with what has left it: no false alarm, and what was changed is found.</summary>
[Trait("Invariant", "I33")]
[Trait("Row", "L07")]
public sealed class ArchivedVerificationTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int SeekTableLength = 41;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task At_each_step_of_a_move_the_store_verifies_and_proves_and_rebuilds()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var scope = await SealAsync(log);
        var (proofs, seen) = (new LedgerProofs(scene.Ledger), new HashSet<string>(StringComparer.Ordinal));

        await scene.ArchiveAsync(async step =>
        {
            // A batch is like another: each of its steps is looked at once, and every step of a month's leaving.
            if (!seen.Add(step) && !step.EndsWith("prune", StringComparison.Ordinal))
            {
                return;
            }

            var verification = await scene.Verifier().VerifyAsync(scope, cancellationToken: Cancellation);
            verification.Findings.Should().BeEmpty(step);
            (verification.Events, verification.SealedLeaves).Should().Be((all.Count, all.Count), step);
            foreach (var envelope in new[] { all[0], all[69], all[70], all[139], all[140], all[^1] })
            {
                (await proofs.ProveEventAsync(envelope.Id, Cancellation))!.Verify(envelope, TestLog.Origin, log.Keys)
                    .Should().Be(EventProofVerdict.Valid, step);
            }

            (await scene.Ledger.ReadSealedAsync(0, all.Count, Cancellation))
                .Should().Equal(all.Select(LeafRecord.Of), step);
            await scene.Rebuilder(new Balances(scene.Store.Name)).RebuildAsync(
                new RebuildOptions { BatchSize = 30, Lanes = 2 }, cancellationToken: Cancellation);
            (await Balances.ReadAsync(scene.Store)).Should().Equal(Balances.Fold(all), step);
        });

        seen.Should().Contain(ArchiverProcess.Steps);
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(60);
        var end = await scene.Verifier().VerifyAsync(scope, cancellationToken: Cancellation);
        end.Findings.Should().BeEmpty();
        (end.Events, end.Archive!.Batches >= 4).Should().Be((all.Count, true));
        var range = scope with { After = all[50].Position, UpTo = all[150].Position };
        var part = await scene.Verifier().VerifyAsync(range, cancellationToken: Cancellation);
        part.Findings.Should().BeEmpty();
        (part.Events, part.SealedLeaves).Should().Be((100, 100));
        foreach (var stream in all.GroupBy(envelope => envelope.StreamId))
        {
            var one = await scene.Verifier().VerifyStreamAsync(stream.Key, scope, Cancellation);
            (one.IsValid, one.VerifiedEvents).Should().Be((true, stream.Count()), one.ToString());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task A_month_that_leaves_between_two_pages_of_a_verification_is_no_tampering(int page)
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var scope = await SealAsync(log);
        var feed = new ActingFeed(scene.Reading, page, () => scene.ArchiveAsync());

        var verification = await scene.Verifier(feed).VerifyAsync(scope, cancellationToken: Cancellation);

        verification.Findings.Should().BeEmpty();
        verification.Events.Should().Be(all.Count);
        (await scene.Store.ScalarAsync<long>("select count(*) from {s}.events")).Should().Be(60);
    }

    [Theory]
    [InlineData("change a byte of a frame")]
    [InlineData("change a byte of the index")]
    [InlineData("cut the end off")]
    [InlineData("remove")]
    [InlineData("put another one in its place")]
    public async Task A_batch_that_was_tampered_with_is_named_and_others_are_not(string how)
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var scope = await SealAsync(log);
        await scene.ArchiveAsync();
        var keys = await scene.Store.ColumnAsync<string>("select object_key from {s}.batches order by last_position");
        var file = Path.Combine(bucket.Path, keys[1]);
        Tamper(file, Path.Combine(bucket.Path, keys[2]), how);

        var verification = await scene.Verifier().VerifyAsync(scope, cancellationToken: Cancellation);

        var finding = verification.Findings.Where(one => one.Kind is StoreFindingKind.Unreadable)
            .Should().ContainSingle().Which;
        finding.Found.Should().Contain(keys[1]).And.Contain(string.Create(
            CultureInfo.InvariantCulture, $"between positions {all[40].Position.Value} and {all[79].Position.Value}"));
        verification.Findings[0].Should().Be(finding, "it is what everything else comes from");
        verification.Events.Should().Be(all.Count - 40);
        var stream = await scene.Verifier().VerifyStreamAsync(all[45].StreamId, scope, Cancellation);
        stream.IsValid.Should().BeFalse();
        stream.Finding!.Found.Should().Contain(keys[1]);
    }

    [Fact]
    public async Task Two_batches_that_lie_side_by_side_are_named_both()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        await AppendAsync(scene);
        await scene.ArchiveAsync();
        var keys = await scene.Store.ColumnAsync<string>("select object_key from {s}.batches order by last_position");
        File.Delete(Path.Combine(bucket.Path, keys[1]));
        Tamper(Path.Combine(bucket.Path, keys[2]), keys[0], "change a byte of a frame");

        var verification = await scene.Verifier().VerifyAsync(cancellationToken: Cancellation);

        verification.Findings.Where(one => one.Kind is StoreFindingKind.Unreadable)
            .Select(one => keys.Single(key => one.Found.Contains(key, StringComparison.Ordinal)))
            .Should().Equal(keys[1], keys[2]);
    }

    [Fact]
    public async Task A_batch_that_was_forged_together_with_the_books_is_found_by_chain_and_log()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        var all = await AppendAsync(scene);
        var scope = await SealAsync(log);
        await scene.ArchiveAsync();
        var forged = await ForgeAsync(scene, bucket.Path, all, 44);

        var verification = await scene.Verifier().VerifyAsync(scope, cancellationToken: Cancellation);

        verification.Findings.Should().Contain(one =>
            one.Stream == forged.StreamId && one.Version == new StreamVersion(forged.Version));
        verification.Findings.Should().OnlyContain(one => one.Kind != StoreFindingKind.Unreadable);
        (await FluentActions.Awaiting(() => new LedgerProofs(scene.Ledger).ProveEventAsync(forged.Id, Cancellation))
            .Should().ThrowAsync<LogDivergedException>()).WithMessage($"*{forged.Id}*");
    }

    [Fact]
    public async Task Without_the_archive_a_verification_says_so_and_accuses_nobody()
    {
        using var bucket = new BucketDirectory();
        await using var scene = await ArchiveScene.CreateAsync(database, bucket.Objects);
        using var log = await TestLog.CreateAsync(scene.Store);
        await AppendAsync(scene);
        var scope = await SealAsync(log);
        await scene.ArchiveAsync();

        await FluentActions.Awaiting(() => log.Verifier().VerifyAsync(scope, cancellationToken: Cancellation))
            .Should().ThrowAsync<EventsArchivedException>();
    }

    // 140 events of two months that can leave, and 60 of this one.
    private static async Task<IReadOnlyList<EventEnvelope>> AppendAsync(ArchiveScene scene)
    {
        await scene.AppendAsync(Month.Ahead(-3), 70, 6);
        await scene.AppendAsync(Month.Ahead(-2), 70, 6);
        await scene.AppendAsync(Month.Ahead(0), 60, 6);
        return await ArchiveScene.FeedAsync(scene.Store.Store);
    }

    private static async Task<VerificationScope> SealAsync(TestLog log)
    {
        var head = await log.SealAllAsync();
        return new VerificationScope { KnownHead = TreeHead.Parse(head.Note!.Text), Keys = log.Keys };
    }

    private static void Tamper(string file, string other, string how)
    {
        var content = File.ReadAllBytes(file);
        switch (how)
        {
            case "change a byte of a frame":
                content[content.Length / 3] ^= 1;
                File.WriteAllBytes(file, content);
                break;
            case "change a byte of the index":
                content[^60] ^= 1;
                File.WriteAllBytes(file, content);
                break;
            case "cut the end off":
                File.WriteAllBytes(file, content[..^100]);
                break;
            case "put another one in its place":
                File.WriteAllBytes(file, File.ReadAllBytes(other));
                break;
            default:
                File.Delete(file);
                break;
        }
    }

    // As somebody would who may write the bucket and all tables: one event of a batch is another, with a digest and a
    // link that fit it, in a batch that is well formed, and the books say that it is the one.
    private static async Task<EventEnvelope> ForgeAsync(
        ArchiveScene scene, string path, IReadOnlyList<EventEnvelope> all, int index)
    {
        var batch = all.Skip(40).Take(40).ToArray();
        var links = new Dictionary<StreamId, Sha256Digest>();
        for (var at = 0; at < batch.Length; at++)
        {
            var one = batch[at];
            var previous = all.LastOrDefault(e => e.StreamId == one.StreamId && e.Version == one.Version - 1);
            var before = links.TryGetValue(one.StreamId, out var link)
                ? link
                : previous?.ChainHash ?? StreamChain.Genesis(StreamChain.Tag(one.StreamId));
            one = at == index - 40 ? one with { PayloadUtf8 = """{"quantity":1000000}"""u8.ToArray() } : one;
            var content = ContentDigest.Compute(one);
            batch[at] = one with
            {
                ContentDigest = content,
                ChainHash = StreamChain.Next(StreamChain.Tag(one.StreamId), one.Version, before, content),
            };
            links[one.StreamId] = batch[at].ChainHash;
        }

        var writer = new EventBatchWriter(await scene.Reading.GetIdentityAsync(), EventBatchLimits.Streaming);
        batch.Should().OnlyContain(envelope => writer.TryAdd(envelope));
        var made = writer.Finish();
        var key = await scene.Store.ScalarAsync<string>(
            "select object_key from {s}.batches order by last_position offset 1 limit 1");
        await File.WriteAllBytesAsync(Path.Combine(path, key), made.Content.ToArray());

        // The digest of the index is the end of the index, and the seek table of one frame is what follows.
        made.Index.Frames.Should().ContainSingle();
        var digest = new Sha256Digest(made.Content.Span[^(SeekTableLength + Sha256Digest.Length)..^SeekTableLength]);
        await scene.Store.ExecuteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            set session_replication_role = replica;
            update {s}.batches set index_digest = '\x{{digest}}', stored_bytes = {{made.Content.Length}}
            where object_key = '{{key}}';
            reset session_replication_role
            """));
        return batch[index - 40];
    }
}
