using K1s0.EventStore.Conformance;
using K1s0.EventStore.Postgres.Tests.Appending;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>
/// A batch, a signature or a head that no standby confirms is not built upon: nothing is published that a failover can
/// take back.
/// </summary>
public sealed class UnconfirmedSealTests(MissingStandby server) : IClassFixture<MissingStandby>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_batch_that_no_standby_confirms_is_neither_signed_nor_proved_nor_published(bool isDeaf)
    {
        using var run = await RunAsync(isDeaf);
        await run.Local.AppendAsync(5, run.Random);
        await server.DemandAsync();
        try
        {
            await UnknownAsync(() => run.Sealer.SealAsync());
            for (var attempt = 0; attempt < 2; attempt++)
            {
                await UnknownAsync(() => run.Sealer.SealAsync());
                (await run.Sealer.SignAsync()).Should().BeNull();
                await UnknownAsync(() => run.Publisher.PublishAsync());
            }

            (await run.Log.Ledger.GetHeadAsync(CancellationToken.None)).Size.Should().Be(10, "the primary has it");
            var last = (await run.Local.Store.FeedAsync())[^1];
            await Assert.ThrowsAsync<EventNotSealedException>(() => run.Log.Proofs.ProveEventAsync(last.Id));
            (await run.Folder.Target.ReadCheckpointAsync(CancellationToken.None)).Should().BeNull();
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        (await run.Sealer.SealAsync()).Leaves.Should().Be(0, "the primary has the batch");
        await EndAsync(run);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_signature_that_no_standby_confirms_is_of_unknown_outcome_and_is_not_published(bool isDeaf)
    {
        using var run = await RunAsync(isDeaf);
        await run.Local.AppendAsync(5, run.Random);
        (await run.Sealer.SealAsync()).Leaves.Should().Be(5);
        await server.DemandAsync();
        try
        {
            for (var attempt = 0; attempt < 2; attempt++)
            {
                await UnknownAsync(() => run.Sealer.SignAsync());
                await UnknownAsync(() => run.Publisher.PublishAsync());
            }

            (await run.Folder.Target.ReadCheckpointAsync(CancellationToken.None)).Should().BeNull();
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        await EndAsync(run);
    }

    // A log of five leaves, and a sealer and a publisher that have to wait for the standby.
    private async Task<UnconfirmedRun> RunAsync(bool isDeaf)
    {
        var local = await TestLog.CreateAsync(
            await TestStore.CreateAsync(server.Local, $"store_{Guid.CreateVersion7():N}"));
        var (folder, log) = (new PublishedFolder(), local.In(local.Store.Reopen(isDeaf ? server.Deaf : server.Waiting)));
        var run = new UnconfirmedRun(
            local,
            log,
            folder,
            local.Sealer(ledger: log.Ledger),
            local.Publisher(folder.Target, log.Ledger),
            SeededRandom.Create());
        await local.GrowAsync(5, run.Random, run.Sealer);
        return run;
    }

    private static async Task EndAsync(UnconfirmedRun run)
    {
        (await run.Sealer.SignAsync())!.Note.Should().NotBeNull();
        (await run.Publisher.PublishAsync())!.Size.Should().Be(10);
        await run.Local.CheckAsync(10);
    }

    private async Task UnknownAsync(Func<Task> write)
    {
        var writing = write();
        await server.InterruptAsync("pg_cancel_backend", writing);
        (await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() => writing)).IsTransient.Should().BeTrue();
    }

    private sealed record UnconfirmedRun(
        TestLog Local,
        TestLog Log,
        PublishedFolder Folder,
        LogSealer Sealer,
        LogPublisher Publisher,
        Random Random) : IDisposable
    {
        public void Dispose()
        {
            Folder.Dispose();
            Log.Dispose();
            Local.Dispose();
        }
    }
}
