using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

public sealed class LedgerProofsTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Every_event_is_proved_by_its_id_to_who_has_the_public_key()
    {
        using var log = await TestLog.CreateAsync(database);
        await log.GrowAsync(300, SeededRandom.Create());

        foreach (var envelope in await log.Store.FeedAsync())
        {
            var proof = await log.Proofs.ProveEventAsync(envelope.Id);

            EventProof.Parse(proof!.ToUtf8()).Verify(envelope, TestLog.Origin, log.Keys)
                .Should().Be(EventProofVerdict.Valid);
            proof.Verify(envelope with { EventType = "Other" }, TestLog.Origin, log.Keys)
                .Should().Be(EventProofVerdict.EventDiffers);
        }
    }

    [Fact]
    public async Task An_event_that_is_not_there_has_no_proof_and_one_that_is_not_signed_for_has_none_yet()
    {
        using var log = await TestLog.CreateAsync(database);
        var random = SeededRandom.Create();
        (await log.Proofs.ProveEventAsync(Guid.CreateVersion7())).Should().BeNull();
        await log.AppendAsync(1, random);
        var envelope = (await log.Store.FeedAsync())[0];

        // Not sealed, then sealed and not signed, then behind what is signed.
        await NotYetAsync(log, envelope);
        var sealer = log.Sealer();
        await sealer.SealAsync();
        await NotYetAsync(log, envelope);
        await sealer.SignAsync();
        (await log.Proofs.ProveEventAsync(envelope.Id)).Should().NotBeNull();
        await log.AppendAsync(1, random);
        await NotYetAsync(log, (await log.Store.FeedAsync())[1]);
        await sealer.SealAsync();
        await NotYetAsync(log, (await log.Store.FeedAsync())[1]);
    }

    [Fact]
    public async Task An_event_that_was_changed_behind_the_stores_back_is_not_proved()
    {
        using var log = await TestLog.CreateAsync(database);
        await log.GrowAsync(5, SeededRandom.Create());
        await log.ChangeLastEventAsync();

        var last = (await log.Store.FeedAsync())[^1];

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(() => log.Proofs.ProveEventAsync(last.Id));
        refusal.Message.Should().Contain($"{last.Id}");
    }

    [Fact]
    [Trait("Row", "L02")]
    public async Task An_event_behind_one_whose_link_was_changed_is_not_proved()
    {
        using var log = await TestLog.CreateAsync(database);
        var stream = Some.Stream();
        await log.Store.Store.AppendAsync(stream, Some.Events(stream, 3));
        await log.SealAllAsync();
        var feed = await log.Store.FeedAsync();
        await log.Store.ExecuteAsync(
            """
            set session_replication_role = replica;
            update {s}.events set chain_hash = sha256(chain_hash) where version = 2;
            reset session_replication_role
            """);

        (await log.Proofs.ProveEventAsync(feed[0].Id)).Should().NotBeNull();
        var refusal = await Assert.ThrowsAsync<LogDivergedException>(() => log.Proofs.ProveEventAsync(feed[2].Id));
        refusal.Message.Should().Contain($"before event {feed[2].Id}");
    }

    [Fact]
    [Trait("Row", "L03")]
    public async Task Where_an_event_stands_twice_neither_it_nor_the_next_one_is_handed_out()
    {
        using var log = await TestLog.CreateAsync(database);
        var stream = Some.Stream();
        await log.Store.Store.AppendAsync(stream, Some.Events(stream, 3));
        await log.SealAllAsync();
        var feed = await log.Store.FeedAsync();
        await log.Store.ExecuteAsync(
            """
            set session_replication_role = replica;
            insert into {s}.events
            select position + 1000, stream_key, version, schema_version, occurred_at, recorded_at + interval '1 month',
              event_id, previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor,
              correlation_id, metadata, payload
            from {s}.events where version = 2;
            reset session_replication_role
            """);

        foreach (var refused in new Func<Task>[]
        {
            () => log.Proofs.ProveEventAsync(feed[1].Id), () => log.Proofs.ProveEventAsync(feed[2].Id),
            () => log.Proofs.ExportEventAsync(feed[1].Id),
        })
        {
            (await Assert.ThrowsAsync<LogDivergedException>(refused)).Message.Should().Contain("stands twice");
        }

        (await log.Proofs.ExportEventAsync(feed[2].Id)).Should().NotBeNull();
    }

    [Fact]
    public async Task Any_two_heads_that_somebody_remembers_are_proved_to_be_of_one_log()
    {
        using var log = await TestLog.CreateAsync(database);
        var random = SeededRandom.Create();
        List<TreeHead> heads = [new(TestLog.Origin, 0, MerkleHash.Empty)];
        for (var i = 0; i < 12; i++)
        {
            var head = await log.GrowAsync(random.Next(1, 60), random);
            heads.Add(TreeHead.Parse(head.Note!.Text));
        }

        for (var first = 0; first < heads.Count; first++)
        {
            for (var second = first; second < heads.Count; second++)
            {
                var proof = await log.Proofs.ProveConsistencyAsync(heads[first], heads[second]);
                ConsistencyProof.Verify(
                    heads[first].Size, heads[first].Root, heads[second].Size, heads[second].Root, [.. proof])
                    .Should().BeTrue();
            }
        }
    }

    [Fact]
    public async Task Heads_that_are_none_of_this_log_are_refused()
    {
        using var log = await TestLog.CreateAsync(database);
        var random = SeededRandom.Create();
        var first = TreeHead.Parse((await log.GrowAsync(5, random)).Note!.Text);
        var second = TreeHead.Parse((await log.GrowAsync(5, random)).Note!.Text);
        var invented = Sha256Digest.Of("other"u8);

        foreach (var (one, two) in new[]
        {
            (new TreeHead(TestLog.Origin, 5, invented), second), (first, new TreeHead(TestLog.Origin, 10, invented)),
            (first, new TreeHead(TestLog.Origin, 1_000, second.Root)),
        })
        {
            var refusal = await Assert.ThrowsAsync<LogDivergedException>(
                () => log.Proofs.ProveConsistencyAsync(one, two));
            refusal.StoredSize.Should().Be(10);
        }

        await Assert.ThrowsAsync<ArgumentException>(() => log.Proofs.ProveConsistencyAsync(second, first));
        await Assert.ThrowsAsync<ArgumentException>(
            () => log.Proofs.ProveConsistencyAsync(first, new TreeHead("other", 10, second.Root)));
    }

    private static async Task NotYetAsync(TestLog log, EventEnvelope envelope)
    {
        var refusal = await Assert.ThrowsAsync<EventNotSealedException>(
            () => log.Proofs.ProveEventAsync(envelope.Id));
        (refusal.EventId, refusal.IsTransient).Should().Be((envelope.Id, true));
    }
}
