namespace K1s0.EventStore.Postgres.Tests.Transactions;

/// <summary>Snapshots and checkpoints saved inside the caller's transaction.</summary>
public sealed class JoinedSaveTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_snapshot_shares_the_fate_of_the_transaction(bool commits)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Snapshots.SaveAsync(stream, 1, "old");
        await using var caller = await Caller.BeginAsync(database.DataSource);

        await store.Snapshots.SaveAsync(stream, 2, "new", caller.Transaction);
        (await store.Snapshots.LoadLatestAsync<string>(stream))!.State.Should().Be("old");
        await (commits ? caller.Transaction.CommitAsync() : caller.Transaction.RollbackAsync());

        (await store.Snapshots.LoadLatestAsync<string>(stream))!.State.Should().Be(commits ? "new" : "old");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_checkpoint_shares_the_fate_of_the_transaction(bool commits)
    {
        var store = await database.NewStoreAsync();
        var identity = await store.Store.GetIdentityAsync();
        var claim = await store.Checkpoints.ClaimAsync("consumer", "owner");
        await using var caller = await Caller.BeginAsync(database.DataSource);

        var moved = await store.Checkpoints.SaveAsync(
            claim, new Checkpoint(new Position(5), identity), caller.Transaction);
        moved = await store.Checkpoints.SaveAsync(moved, new Checkpoint(new Position(7), identity), caller.Transaction);
        (await store.Checkpoints.LoadAsync("consumer")).Should().BeNull();
        await (commits ? caller.Transaction.CommitAsync() : caller.Transaction.RollbackAsync());

        (await store.Checkpoints.LoadAsync("consumer")).Should().Be(commits ? moved.Checkpoint : null);
    }

    [Fact]
    public async Task A_refused_checkpoint_writes_nothing_and_leaves_the_transaction_usable()
    {
        var store = await database.NewStoreAsync();
        var identity = await store.Store.GetIdentityAsync();
        var former = await store.Checkpoints.ClaimAsync("consumer", "former");
        await store.Checkpoints.ClaimAsync("consumer", "latter");
        var before = await store.ContentAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource);

        var conflict = await Assert.ThrowsAsync<CheckpointConflictException>(
            () => store.Checkpoints.SaveAsync(former, new Checkpoint(new Position(5), identity), caller.Transaction));
        var stranger = await Assert.ThrowsAsync<StoreIdentityException>(() => store.Checkpoints.SaveAsync(
            former, new Checkpoint(new Position(5), identity with { Epoch = 9 }), caller.Transaction));
        (await store.ContentAsync()).Should().Be(before);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        await caller.Transaction.CommitAsync();

        (conflict.ExpectedEpoch, conflict.ActualEpoch).Should().Be((1, 2));
        stranger.Expected.Should().Be(identity);
        (await store.Checkpoints.LoadAsync("consumer")).Should().BeNull();
        (await store.FeedAsync()).Should().ContainSingle();
    }

    [Fact]
    public async Task A_save_that_committed_is_refused_inside_the_next_transaction_so_that_effects_happen_once()
    {
        var store = await database.NewStoreAsync();
        var checkpoint = new Checkpoint(new Position(5), await store.Store.GetIdentityAsync());
        var claim = await store.Checkpoints.ClaimAsync("consumer", "owner");
        await using (var first = await Caller.BeginAsync(database.DataSource))
        {
            await store.Checkpoints.SaveAsync(claim, checkpoint, first.Transaction);
            await first.Transaction.CommitAsync();
        }

        await using var second = await Caller.BeginAsync(database.DataSource);

        await Assert.ThrowsAsync<CheckpointConflictException>(
            () => store.Checkpoints.SaveAsync(claim, checkpoint, second.Transaction));
    }

    [Fact]
    public async Task Events_snapshot_and_checkpoint_of_one_transaction_are_stored_together()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        var identity = await store.Store.GetIdentityAsync();
        var claim = await store.Checkpoints.ClaimAsync("consumer", "owner");
        await using (var caller = await Caller.BeginAsync(database.DataSource))
        {
            var results = await store.Store.AppendAsync([Some.Append(stream, 3)], caller.Transaction);
            await store.Snapshots.SaveAsync(stream, 3, "state", caller.Transaction);
            await store.Checkpoints.SaveAsync(
                claim, new Checkpoint(results[0].LastPosition, identity), caller.Transaction);
            await caller.Transaction.CommitAsync();
        }

        (await store.Store.LoadAsync(stream)).Should().HaveCount(3);
        (await store.Snapshots.LoadLatestAsync<string>(stream))!.Version.Should().Be(3);
        (await store.Checkpoints.LoadAsync("consumer"))!.Position.Should().Be((await store.FeedAsync())[^1].Position);
    }
}
