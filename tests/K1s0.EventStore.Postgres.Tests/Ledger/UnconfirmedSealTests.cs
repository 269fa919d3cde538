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
    public async Task What_no_standby_confirms_is_of_unknown_outcome_and_is_not_published(bool isDeaf)
    {
        using var local = await TestLog.CreateAsync(
            await TestStore.CreateAsync(server.Local, $"store_{Guid.CreateVersion7():N}"));
        using var folder = new PublishedFolder();
        using var log = local.In(local.Store.Reopen(isDeaf ? server.Deaf : server.Waiting));
        var (random, sealer) = (SeededRandom.Create(), local.Sealer(ledger: log.Ledger));
        var publisher = local.Publisher(folder.Target, log.Ledger);
        await local.GrowAsync(5, random, sealer);
        await local.AppendAsync(5, random);
        await server.DemandAsync();
        try
        {
            await UnknownAsync(() => sealer.SealAsync());
            (await sealer.SealAsync()).Leaves.Should().Be(0, "the primary has the batch");
            for (var attempt = 0; attempt < 2; attempt++)
            {
                await UnknownAsync(() => sealer.SignAsync());
                await UnknownAsync(() => publisher.PublishAsync());
            }

            (await folder.Target.ReadCheckpointAsync(CancellationToken.None)).Should().BeNull();
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        (await sealer.SignAsync())!.Note.Should().NotBeNull();
        (await publisher.PublishAsync())!.Size.Should().Be(10);
        await local.CheckAsync(10);
    }

    private async Task UnknownAsync(Func<Task> write)
    {
        var writing = write();
        await server.InterruptAsync("pg_cancel_backend");
        (await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() => writing)).IsTransient.Should().BeTrue();
    }
}
