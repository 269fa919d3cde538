using K1s0.EventStore.Conformance;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>Real processes that seal and publish, killed or frozen at every step.</summary>
public sealed class SealerProcessTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    public static TheoryData<string> Steps => [.. SealerProcess.Steps];

    public static TheoryData<string> StepsOfTheLog => [.. SealerProcess.Steps[..4]];

    [Theory]
    [MemberData(nameof(Steps))]
    [Trait("PeerBug", "B36")]
    public async Task A_sealer_that_is_killed_at_any_step_leaves_a_log_that_the_next_one_continues(string step)
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        await log.GrowAsync(250, random);
        await log.Publisher(folder.Target).PublishAsync();
        await log.AppendAsync(270, random);
        await using (var gate = await HoldLockAsync())
        {
            await using var child = await StartAsync(log, folder, step);
            await child.KillAsync();
        }

        var published = (await folder.VerifyAsync(log.Keys))!.Value.Head;
        published.Size.Should().Be(step is "after-checkpoint" ? 520 : 250);
        await log.CheckAsync(step is "before-seal" ? 250 : 520);
        await log.RunOutAsync();
        var sealer = log.Sealer(options => options.PublishTo = folder.Target);
        await log.GrowAsync(10, random, sealer);
        await log.Publisher(folder.Target).PublishAsync();

        await log.CheckAsync(530);
        var end = (await folder.VerifyAsync(log.Keys))!.Value.Head;
        end.Size.Should().Be(530);
        await log.Proofs.ProveConsistencyAsync(published, end);
        (await log.Verifier().VerifyAsync(new VerificationScope { KnownHead = end, Keys = log.Keys }))
            .Findings.Should().BeEmpty();
    }

    [Fact]
    public async Task A_sealer_that_is_killed_within_its_transaction_leaves_all_of_the_batch_or_nothing()
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        await log.GrowAsync(250, random);
        await log.AppendAsync(270, random);
        await using (var blocker = await database.DataSource.OpenConnectionAsync())
        await using (var transaction = await blocker.BeginTransactionAsync())
        {
            // Tiles and head are written by then, to the runs' table the batch cannot write.
            await blocker.ExecuteAsync(log.Store.Named("lock table {s}.leaf_runs in exclusive mode"));
            await using var child = await StartAsync(log, folder, SealerProcess.InSeal);
            await Eventually.TrueAsync(() => log.Store.ScalarAsync<bool>(
                """
                select exists (select from pg_locks where not granted and relation = '{s}.leaf_runs'::regclass)
                """));
            await child.KillAsync();
            await transaction.RollbackAsync();
        }

        // The server learns of the death when it answers: the batch may be committed by then, as a whole.
        await Eventually.TrueAsync(() => log.Store.ScalarAsync<bool>(
            "select not exists (select from pg_locks where relation = '{s}.leaf_runs'::regclass)"));
        var size = (await log.Ledger.GetHeadAsync(CancellationToken.None)).Size;
        size.Should().BeOneOf(250, 520);
        await log.CheckAsync(size);
        await log.RunOutAsync();
        await log.GrowAsync(10, random);
        await log.CheckAsync(530);
        (await log.Verifier().VerifyAsync()).Findings.Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(StepsOfTheLog))]
    [Trait("Row", "X04")]
    public async Task A_sealer_that_is_frozen_at_any_step_while_another_works_forks_nothing_when_it_wakes_up(string step)
    {
        using var log = await TestLog.CreateAsync(database);
        using var folder = new PublishedFolder();
        var random = SeededRandom.Create();
        await log.AppendAsync(270, random);
        var gate = await HoldLockAsync();
        await using var frozen = await StartAsync(log, folder, step);
        await frozen.FreezeAsync();
        await gate.DisposeAsync();

        await log.RunOutAsync();
        await log.GrowAsync(10, random, log.Sealer());
        await log.Publisher(folder.Target).PublishAsync();
        var head = (await folder.VerifyAsync(log.Keys))!.Value.Head;
        frozen.Thaw();

        (await frozen.ReadLineAsync()).Should().Be(
            step is "before-seal" ? $"{SealerProcess.Done} 0" : $"{SealerProcess.Done} 270");
        (await frozen.Exited).Should().Be(0);
        await log.CheckAsync(280);
        (await folder.VerifyAsync(log.Keys))!.Value.Head.Should().Be(head);
    }

    private Task<ChildProcess> StartAsync(TestLog log, PublishedFolder folder, string step) =>
        SealerProcess.StartAsync(log, database.ConnectionString, log.PemFile, folder.Path, step);

    private async Task<NpgsqlConnection> HoldLockAsync()
    {
        // Not of a pool, where the session would keep the lock.
        var connection = new NpgsqlConnection(database.With(connection => connection.Pooling = false));
        await connection.OpenAsync();
        await connection.ExecuteAsync("select pg_advisory_lock(1)");
        return connection;
    }
}
