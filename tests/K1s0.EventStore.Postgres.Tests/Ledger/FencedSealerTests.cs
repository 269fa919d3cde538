using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>A sealer that stands still at any step, while another takes over, cannot fork the log.</summary>
public sealed class FencedSealerTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    [Trait("Row", "X04")]
    public async Task A_sealer_that_was_frozen_before_its_write_writes_nothing()
    {
        using var log = await TestLog.CreateAsync(database);
        var (random, pause) = (SeededRandom.Create(), new Pause());
        var frozen = log.Sealer(ledger: new StepLedger(log.Ledger) { BeforeSeal = pause.HereAsync });
        await log.AppendAsync(40, random);
        var step = frozen.SealAsync();
        await pause.Reached;

        await log.RunOutAsync();
        await log.AppendAsync(10, random);
        await log.SealAllAsync(log.Sealer());
        var before = await log.ContentAsync();
        pause.GoOn();

        (await step).Should().Be(default(SealStep));
        (await log.ContentAsync()).Should().Be(before);
        await log.CheckAsync(50);
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task A_sealer_that_slept_past_its_lease_writes_nothing_even_when_nobody_took_over()
    {
        using var log = await TestLog.CreateAsync(database);
        var pause = new Pause();
        var frozen = log.Sealer(ledger: new StepLedger(log.Ledger) { BeforeSeal = pause.HereAsync });
        await log.AppendAsync(5, SeededRandom.Create());
        var step = frozen.SealAsync();
        await pause.Reached;

        await log.RunOutAsync();
        pause.GoOn();

        (await step).Should().Be(default(SealStep));
        (await log.ContentAsync()).Should().Be("log");
        (await frozen.SealAsync()).Leaves.Should().Be(5, "it acquires the lease anew, and begins from what is stored");
        await log.CheckAsync(5);
    }

    [Fact]
    public async Task A_sealer_that_was_frozen_before_it_stores_a_signature_harms_nothing()
    {
        using var log = await TestLog.CreateAsync(database);
        var (random, pause) = (SeededRandom.Create(), new Pause());
        var frozen = log.Sealer(ledger: new StepLedger(log.Ledger) { BeforeSaveNote = pause.HereAsync });
        await log.AppendAsync(5, random);
        await frozen.SealAsync();
        var signing = frozen.SignAsync();
        await pause.Reached;

        await log.RunOutAsync();
        var head = await log.GrowAsync(10, random, log.Sealer());
        pause.GoOn();
        var old = await signing;

        (old!.Size, head.Size).Should().Be((5, 15));
        (await log.Ledger.GetSignedHeadAsync(CancellationToken.None))!.Size.Should().Be(15);
        var proof = await log.Proofs.ProveConsistencyAsync(
            TreeHead.Parse(old.Note!.Text), TreeHead.Parse(head.Note!.Text));
        ConsistencyProof.Verify(5, old.Root, 15, head.Root, [.. proof]).Should().BeTrue();
        (await frozen.SealAsync()).IsLeader.Should().BeFalse();
        await log.CheckAsync(15);
    }

    [Fact]
    public async Task Sealers_that_take_over_from_each_other_at_any_step_make_one_log()
    {
        using var log = await TestLog.CreateAsync(database);
        var random = SeededRandom.Create();
        var ledger = new StepLedger(log.Ledger)
        {
            BeforeSeal = () => MaybeRunOutAsync(log, random),
            AfterSeal = () => MaybeRunOutAsync(log, random),
            BeforeSaveNote = () => MaybeRunOutAsync(log, random),
        };
        LogSealer[] sealers =
            [.. Enumerable.Range(0, 3).Select(_ => log.Sealer(options => options.MaxLeavesPerSeal = 9, ledger))];
        var appended = 0;
        for (var round = 0; round < 40; round++)
        {
            var count = random.Next(1, 20);
            await log.AppendAsync(count, random);
            appended += count;
            var sealer = sealers[random.Next(sealers.Length)];
            await sealer.SealAsync();
            await sealer.SignAsync();
        }

        await log.RunOutAsync();
        await log.SealAllAsync();

        await log.CheckAsync(appended);
    }

    [Theory]
    [InlineData("lease", 1, 0, "fenced")]
    [InlineData("other lease", 0, 0, "fenced")]
    [InlineData("lease", 0, 1, "moved")]
    [InlineData("lease", 0, -1, "moved")]
    public async Task The_server_refuses_another_epoch_or_another_head(
        string lease, long epochsLater, long leavesMore, string outcome)
    {
        using var log = await TestLog.CreateAsync(database);
        var head = await log.GrowAsync(5, SeededRandom.Create());
        var held = await log.Store.Leases.TryAcquireAsync("lease", "owner", TimeSpan.FromMinutes(30));
        var before = await log.ContentAsync();

        var found = await log.Store.ScalarAsync<string>(
            $"""
            select outcome from {"{s}"}.seal_leaves('{lease}', {held!.Epoch + epochsLater}, {head.Size + leavesMore},
              '\x{head.Root}', 9, sha256('9'), 1000, array[1::smallint], array[0::bigint], array[sha256('1')],
              array[5::bigint], array[900::bigint])
            """);

        found.Should().Be(outcome);
        (await log.ContentAsync()).Should().Be(before);
    }

    [Theory]
    [InlineData("delete from {s}.events where position = (select max(position) from {s}.events)")]
    [InlineData(
        """
        insert into {s}.events
        select max(position) - 2, 7, 7, 1, now(), now(), gen_random_uuid(), null, sha256('1'), sha256('2'), 'order', 'x',
          'x', null, null, '{}', '{}' from {s}.events
        """)]
    public async Task A_batch_with_more_or_fewer_leaves_than_there_are_events_is_refused(string tampering)
    {
        using var log = await TestLog.CreateAsync(database);
        await log.GrowAsync(5, SeededRandom.Create());
        var stream = Some.Stream();
        await log.Store.Store.AppendAsync(stream, Some.Events(stream, 1));
        await log.Store.ScalarAsync<long>("select nextval('{s}.positions')");
        await log.Store.Store.AppendAsync(stream, Some.Events(stream, 2));
        var before = await log.ContentAsync();
        var sealer = log.Sealer(ledger: new StepLedger(log.Ledger)
        {
            BeforeSeal = () => log.Store.ExecuteAsync(
                $"set session_replication_role = replica; {tampering}; reset session_replication_role"),
        });

        var refusal = await Assert.ThrowsAsync<LogDivergedException>(() => sealer.SealAsync());

        refusal.Message.Should().Contain("came or went");
        (await log.ContentAsync()).Should().Be(before);
    }

    private static Task MaybeRunOutAsync(TestLog log, Random random) =>
        random.Next(3) == 0 ? log.RunOutAsync() : Task.CompletedTask;
}
