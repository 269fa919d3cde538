using K1s0.EventStore.Postgres.Tests.Appending;

namespace K1s0.EventStore.Postgres.Tests.Leases;

/// <summary>
/// A lease or a renewal that no standby confirms is not counted on: a failover can take it back, and its epoch with it.
/// </summary>
public sealed class UnconfirmedLeaseTests(MissingStandby server) : IClassFixture<MissingStandby>
{
    private static readonly TimeSpan Duration = TimeSpan.FromHours(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lease_or_a_renewal_that_no_standby_confirms_is_of_unknown_outcome(bool isDeaf)
    {
        var local = await TestStore.CreateAsync(server.Local, $"store_{Guid.CreateVersion7():N}");
        var writer = local.Reopen(isDeaf ? server.Deaf : server.Waiting);
        await writer.Store.GetIdentityAsync();
        var held = (await local.Leases.TryAcquireAsync("held", "owner", Duration))!;
        await server.DemandAsync();
        try
        {
            for (var attempt = 0; attempt < 2; attempt++)
            {
                await UnknownAsync(() => writer.Leases.RenewAsync(held, Duration));
            }

            await UnknownAsync(() => writer.Leases.TryAcquireAsync("free", "owner", Duration));
            (await local.Leases.TryAcquireAsync("free", "other", Duration)).Should().BeNull("the server itself has it");
        }
        finally
        {
            await server.DemandNoMoreAsync();
        }

        var renewed = await writer.Leases.RenewAsync(held, Duration);
        (renewed.Epoch, renewed.ExpiresAt > held.ExpiresAt).Should().Be((held.Epoch, true));
    }

    private async Task UnknownAsync(Func<Task> write)
    {
        var writing = write();
        await server.InterruptAsync("pg_cancel_backend", writing);
        (await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() => writing)).IsTransient.Should().BeTrue();
    }
}
