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
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 0; i < 60; i++)
            {
                var stream = streams[(writer + i) % streams.Length];
                await log.Store.Store.AppendAsync(stream, Some.Events(stream, 2));
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

        var verified = 0;
        do
        {
            var during = await verifier.VerifyAsync();
            during.Findings.Should().BeEmpty();
            verified++;
        }
        while (!writing.IsCompleted);

        await writing;
        await sealing;
        var head = await log.SealAllAsync(sealer);
        var end = await verifier.VerifyAsync(
            new VerificationScope { KnownHead = TreeHead.Parse(head.Note!.Text), Keys = log.Keys });
        end.Findings.Should().BeEmpty();
        (end.Events, end.Streams, end.SealedLeaves).Should().Be((960, 30, 960));
        verified.Should().BeGreaterThan(1);
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

    private static async Task ValidAsync(TestLog log, SealedHead head)
    {
        var verification = await log.Verifier().VerifyAsync(
            new VerificationScope { KnownHead = TreeHead.Parse(head.Note!.Text), Keys = log.Keys });
        verification.Findings.Should().BeEmpty();
        (verification.Events, verification.SealedLeaves).Should().Be((head.Size, head.Size));
    }
}
