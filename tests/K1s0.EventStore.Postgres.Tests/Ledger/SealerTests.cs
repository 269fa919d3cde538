using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Transactions;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

public sealed class SealerTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(255, 65_536)]
    [InlineData(256, 65_536)]
    [InlineData(257, 100)]
    [InlineData(700, 7)]
    public async Task Events_become_leaves_in_the_order_of_their_positions_without_gaps(int count, int batch)
    {
        using var log = await TestLog.CreateAsync(database);
        await log.AppendAsync(count, SeededRandom.Create());

        var head = await log.SealAllAsync(log.Sealer(options => options.MaxLeavesPerSeal = batch));

        head.Note.Should().NotBeNull();
        TreeHead.TryOpen(head.Note!, TestLog.Origin, log.Keys, out var signed).Should().BeTrue();
        (signed!.Size, signed.Root).Should().Be((head.Size, head.Root));
        await log.CheckAsync(count);
    }

    [Fact]
    public async Task Within_a_stream_the_order_of_indices_is_the_order_of_versions_under_racing_writers()
    {
        using var log = await TestLog.CreateAsync(database);
        var sealer = log.Sealer(options => options.MaxLeavesPerSeal = 50);
        StreamId[] streams = [.. Enumerable.Range(0, 5).Select(_ => Some.Stream())];
        var writing = Task.WhenAll(Enumerable.Range(0, 20).Select(async writer =>
        {
            for (var i = 0; i < 10; i++)
            {
                var stream = streams[(writer + i) % streams.Length];
                await log.Store.Store.AppendAsync(stream, Some.Events(stream, 2));
            }
        }));

        while (!writing.IsCompleted)
        {
            await sealer.SealAsync();
        }

        await writing;
        await log.SealAllAsync(sealer);

        await log.CheckAsync(400);
        var records = await log.Ledger.ReadSealedAsync(0, 400, CancellationToken.None);
        foreach (var stream in records.GroupBy(record => record.StreamTag))
        {
            stream.Select(record => record.Version.Value).Should().Equal(Enumerable.Range(1, 80).Select(i => (long)i));
        }
    }

    [Fact]
    public async Task An_append_that_is_under_way_holds_back_the_log_and_misses_nothing()
    {
        using var log = await TestLog.CreateAsync(database);
        var sealer = log.Sealer();
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await log.Store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        await log.AppendAsync(10, SeededRandom.Create());

        (await sealer.SealAsync()).Should().Be(new SealStep(IsLeader: true, Leaves: 0, HasMore: false));
        await caller.Transaction.CommitAsync();
        (await sealer.SealAsync()).Leaves.Should().Be(11);

        await log.CheckAsync(11);
    }

    [Fact]
    public async Task A_log_without_gaps_in_its_positions_has_one_run()
    {
        using var log = await TestLog.CreateAsync(database);
        var stream = Some.Stream();
        for (var i = 0; i < 5; i++)
        {
            await log.Store.Store.AppendAsync(stream, Some.Events(stream, 20));
            await log.SealAllAsync();
        }

        (await log.Store.ScalarAsync<long>("select count(*) from {s}.leaf_runs")).Should().Be(1);
        await log.CheckAsync(100);
    }

    [Fact]
    public async Task Sealing_nothing_writes_nothing()
    {
        using var log = await TestLog.CreateAsync(database);
        await log.SealAllAsync();
        (await log.ContentAsync()).Should().Be("log");
        await log.GrowAsync(3, SeededRandom.Create());
        var before = await log.ContentAsync();

        await log.SealAllAsync();

        (await log.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task One_of_two_sealers_works_and_the_other_takes_over_where_it_stopped()
    {
        using var log = await TestLog.CreateAsync(database);
        var (random, first, second) = (SeededRandom.Create(), log.Sealer(), log.Sealer());
        await log.GrowAsync(300, random, first);

        (await second.SealAsync()).IsLeader.Should().BeFalse();
        (await second.SignAsync()).Should().BeNull();
        await first.ReleaseAsync();
        await log.GrowAsync(300, random, second);

        (await first.SealAsync()).IsLeader.Should().BeFalse();
        await log.CheckAsync(600);
    }

    [Fact]
    public async Task A_batch_whose_answer_was_lost_is_not_sealed_twice()
    {
        using var log = await TestLog.CreateAsync(database);
        var ledger = new StepLedger(log.Ledger)
        {
            AfterSeal = () => throw new StoreUnavailableException("The answer was lost."),
        };
        var (random, sealer) = (SeededRandom.Create(), log.Sealer(ledger: ledger));
        await log.AppendAsync(30, random);

        await Assert.ThrowsAsync<StoreUnavailableException>(() => sealer.SealAsync());
        ledger.AfterSeal = () => Task.CompletedTask;
        var head = await log.GrowAsync(30, random, sealer);

        head.Note.Should().NotBeNull();
        await log.CheckAsync(60);
    }

    [Fact]
    public async Task A_head_that_was_not_signed_before_the_sealer_ended_is_signed_by_the_next_one()
    {
        using var log = await TestLog.CreateAsync(database);
        await log.AppendAsync(5, SeededRandom.Create());
        var first = log.Sealer();
        await first.SealAsync();
        await first.ReleaseAsync();
        (await log.Ledger.GetHeadAsync(CancellationToken.None)).Note.Should().BeNull();

        var head = await log.SealAllAsync();

        TreeHead.TryOpen(head.Note!, TestLog.Origin, log.Keys, out _).Should().BeTrue();
    }

    [Fact]
    public async Task A_signature_whose_answer_was_lost_may_be_known_and_its_loss_is_named()
    {
        using var log = await TestLog.CreateAsync(database);
        var ledger = new StepLedger(log.Ledger);
        var (random, sealer) = (SeededRandom.Create(), log.Sealer(ledger: ledger));
        await log.GrowAsync(10, random, sealer);
        await log.BackUpAsync();
        await log.AppendAsync(7, random);
        await sealer.SealAsync();
        ledger.AfterSaveNote = () => throw new WriteOutcomeUnknownException("The answer was lost.");
        await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() => sealer.SignAsync());

        await log.RestoreAsync();
        await log.AppendAsync(1, random);
        (await sealer.SealAsync()).Should().Be(default(SealStep), "the head is not the one that its batch continues");
        await log.RunOutAsync();

        (await Assert.ThrowsAsync<LogDivergedException>(() => sealer.SealAsync())).LostLeaves.Should().Be(7);
    }

    [Fact]
    public async Task A_new_key_signs_the_newest_head_again()
    {
        using var log = await TestLog.CreateAsync(database);
        using var other = await TestLog.CreateAsync(database);
        await log.GrowAsync(5, SeededRandom.Create());

        var head = await log.SealAllAsync(log.Sealer(options => options.Signers.Add(other.Options().Signers[0])));

        TreeHead.TryOpen(head.Note!, TestLog.Origin, log.Keys, out _).Should().BeTrue();
        TreeHead.TryOpen(head.Note!, TestLog.Origin, other.Keys, out _).Should().BeTrue();
    }

    [Fact]
    public async Task The_lag_is_the_age_of_the_oldest_event_that_is_not_sealed()
    {
        using var log = await TestLog.CreateAsync(database);
        await log.GrowAsync(3, SeededRandom.Create());
        (await log.Ledger.GetStatusAsync(CancellationToken.None)).Should().Be(new LedgerStatus(3, 3, TimeSpan.Zero));

        await log.AppendAsync(1, SeededRandom.Create());
        await log.Store.ExecuteAsync(
            """
            set session_replication_role = replica;
            update {s}.events set recorded_at = greatest(recorded_at - interval '1 hour',
              date_trunc('month', recorded_at, 'UTC')) where position = (select max(position) from {s}.events);
            reset session_replication_role
            """);
        var age = await log.Store.ScalarAsync<double>(
            "select extract(epoch from clock_timestamp() - recorded_at)::float8 from {s}.events order by position desc limit 1");

        var status = await log.Ledger.GetStatusAsync(CancellationToken.None);

        (status.Size, status.SignedSize).Should().Be((3, 3));
        status.Lag.Should().BeGreaterThanOrEqualTo(TimeSpan.FromSeconds(age));
    }

    [Theory]
    [InlineData("update {s}.tiles set hashes = sha256(hashes)")]
    [InlineData("update {s}.tiles set hashes = substring(hashes for 32)")]
    [InlineData("delete from {s}.tiles")]
    [InlineData("truncate {s}.tiles")]
    [InlineData("update {s}.leaf_runs set first_position = first_position + 1")]
    [InlineData("delete from {s}.leaf_runs")]
    [InlineData("truncate {s}.leaf_runs")]
    [InlineData("update {s}.tree_heads set root = sha256(root)")]
    [InlineData("update {s}.tree_heads set note = null")]
    [InlineData("delete from {s}.tree_heads")]
    [InlineData("truncate {s}.tree_heads")]
    public async Task The_database_lets_the_log_only_grow(string statement)
    {
        using var log = await TestLog.CreateAsync(database);
        await log.GrowAsync(3, SeededRandom.Create());
        var before = await log.ContentAsync();

        var refusal = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => log.Store.ExecuteAsync(statement));

        refusal.SqlState.Should().Be("ES403");
        (await log.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task A_role_with_the_rights_of_a_sealer_seals_and_one_without_is_told_which_grant_it_lacks()
    {
        using var log = await TestLog.CreateAsync(database);
        await log.AppendAsync(3, SeededRandom.Create());
        await using var role = await TestRole.CreateAsync(database);
        await log.Store.ExecuteAsync($"select {{s}}.grant_writer('{role.Name}')");
        var sealer = new LogSealer(
            new PostgresLedgerStore(role.DataSource, log.Store.Options),
            new PostgresLeaseStore(role.DataSource, log.Store.Options),
            log.Options());

        var refusal = await Assert.ThrowsAsync<StoreOperationException>(() => sealer.SealAsync());
        refusal.Message.Should().Contain("grant_sealer");
        (await log.ContentAsync()).Should().Be("log");

        await log.Store.ExecuteAsync($"select {{s}}.grant_sealer('{role.Name}')");
        (await log.SealAllAsync(sealer)).Note.Should().NotBeNull();
        await log.CheckAsync(3);
    }
}
