using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>A store that nobody tampered with is never said to be tampered with, whatever it went through.</summary>
public sealed class FalseAlarmTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    [Trait("Row", "X16")]
    public async Task Racing_writers_and_a_working_sealer_are_no_tampering()
    {
        using var log = await TestLog.CreateAsync(database);
        var sealer = log.Sealer(options => options.MaxLeavesPerSeal = 40);
        var verifier = log.Verifier(new StoreVerifierOptions { PageSize = 50, Lanes = 3 });
        StreamId[] streams = [.. Enumerable.Range(0, 30).Select(_ => Some.Stream())];
        var verified = 0;
        var appends = 0;
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            // At least as long as stores are verified meanwhile, whichever of the two is slow.
            for (var i = 0; i < 60 || Volatile.Read(ref verified) < 3; i++)
            {
                var stream = streams[(writer + i) % streams.Length];
                await log.Store.Store.AppendAsync(stream, Some.Events(stream, 2));
                Interlocked.Increment(ref appends);
            }
        }));
        var sealing = Task.Run(async () =>
        {
            while (!writing.IsCompleted)
            {
                await sealer.SealAsync();
                await sealer.SignAsync();
            }
        });

        try
        {
            do
            {
                var during = await verifier.VerifyAsync();
                during.Findings.Should().BeEmpty();
                Interlocked.Increment(ref verified);
            }
            while (!writing.IsCompleted);
        }
        finally
        {
            Volatile.Write(ref verified, int.MaxValue);
        }

        await writing;
        await sealing;
        var head = await log.SealAllAsync(sealer);
        var end = await verifier.VerifyAsync(
            new VerificationScope { KnownHead = TreeHead.Parse(head.Note!.Text), Keys = log.Keys });
        end.Findings.Should().BeEmpty();
        (end.Events, end.Streams, end.SealedLeaves).Should().Be((2 * appends, 30, 2 * appends));
    }

    [Fact]
    public async Task Neither_a_crash_of_the_server_nor_a_restored_dump_is_a_tampering()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString());
        var random = SeededRandom.Create();
        using var log = await TestLog.CreateAsync(await TestStore.CreateAsync(dataSource, "crash"));
        await log.GrowAsync(80, random);
        var stream = Some.Stream();
        var lost = log.Store.Store.AppendAsync(stream, Some.Events(stream, 500));
        await server.KillAsync();
        await server.StartAgainAsync();
        await Record.ExceptionAsync(() => lost);

        await ValidAsync(log, await log.GrowAsync(80, random));

        var dump = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7():N}.dump");
        try
        {
            var head = await log.Ledger.GetHeadAsync(CancellationToken.None);
            await server.PgDumpAsync("postgres", dump);
            await using var fresh = await PostgresServer.StartAsync();
            await fresh.PgRestoreAsync("postgres", dump);
            await using var restored = NpgsqlDataSource.Create(fresh.ConnectionString());
            using var copy = log.In(log.Store.Reopen(restored));
            await ValidAsync(copy, head);
        }
        finally
        {
            File.Delete(dump);
        }
    }

    [Fact]
    [Trait("Row", "X16")]
    public async Task Neither_a_standby_nor_a_failover_is_a_tampering()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var dataSource = NpgsqlDataSource.Create(primary.ConnectionString());
        var random = SeededRandom.Create();
        using var log = await TestLog.CreateAsync(await TestStore.CreateAsync(dataSource, "standby"));
        await log.GrowAsync(40, random);
        await using var standby = await primary.StartStandbyAsync();
        await using var standbySource = NpgsqlDataSource.Create(standby.ConnectionString());
        using var copy = log.In(log.Store.Reopen(standbySource));

        // Sealed, and arrived; but no bound is published that says so.
        var head = await log.GrowAsync(40, random);
        await log.CaughtUpAsync(copy);
        var time = new WaitlessTime();
        var impatient = new StoreVerifier(VerifiedRoles.Of(copy.Store.Store, copy.Ledger), timeProvider: time);
        var refusal = await Assert.ThrowsAsync<StoreUnavailableException>(() => impatient.VerifyAsync());
        refusal.Message.Should().Contain("cannot be verified now");
        time.Waits.Should().NotBeEmpty();

        await log.Store.ExecuteAsync("select {s}.publish_bound()");
        await log.CaughtUpAsync(copy);
        await ValidAsync(copy, head);
        (await copy.Verifier().VerifyStreamAsync((await copy.Store.FeedAsync())[^1].StreamId)).IsValid
            .Should().BeTrue();

        await log.AppendAsync(20, random);
        await log.CaughtUpAsync(copy);
        (await copy.Verifier().VerifyAsync()).Findings.Should().BeEmpty("what came since is read from its streams");
        await primary.KillAsync();
        await copy.Store.ExecuteAsync("select pg_promote()");
        await copy.RunOutAsync();
        head = await copy.GrowAsync(20, random);
        head.Size.Should().Be(120);
        await ValidAsync(copy, head);
    }

    private static async Task ValidAsync(TestLog log, SealedHead head)
    {
        var verification = await log.Verifier().VerifyAsync(
            new VerificationScope { KnownHead = TreeHead.Parse(head.Note!.Text), Keys = log.Keys });
        verification.Findings.Should().BeEmpty();
        (verification.Events, verification.SealedLeaves).Should().Be((head.Size, head.Size));
    }
}
