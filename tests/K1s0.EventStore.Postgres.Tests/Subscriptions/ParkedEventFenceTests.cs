namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

public sealed class ParkedEventFenceTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Consumer = "mail";

    // B17, in the narrowest place: the claim of the next owner is on its way when the former one parks.
    [Fact]
    [Trait("Row", "X04")]
    [Trait("PeerBug", "B17")]
    public async Task An_owner_that_is_taken_over_at_the_same_moment_parks_nothing()
    {
        var store = await database.NewStoreAsync();
        var parkedEvents = new PostgresParkedEventStore(store.DataSource, store.Options);
        var former = await store.Checkpoints.ClaimAsync(Consumer, "former");
        await using var session = await store.DataSource.OpenConnectionAsync();
        await using var taking = await session.BeginTransactionAsync();
        await session.ExecuteAsync(store.Named(
            $"update {{s}}.subscriptions set owner_epoch = owner_epoch + 1 where consumer = '{Consumer}'"));

        var parking = parkedEvents.ParkAsync(
            new ParkedEvent(
                Consumer,
                new Position(7),
                Some.Stream(),
                Guid.CreateVersion7(),
                "ItemAdded",
                Attempts: 1,
                "broken",
                DateTimeOffset.UnixEpoch),
            former);
        await Eventually.TrueAsync(async () => parking.IsCompleted || await store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {session.ProcessID} = any (pg_blocking_pids(pid)))"));
        await taking.CommitAsync();

        (await Assert.ThrowsAsync<CheckpointConflictException>(() => parking)).ActualEpoch.Should().Be(former.Epoch + 1);
        (await parkedEvents.ListAsync(Consumer)).Should().BeEmpty();
    }
}
