namespace K1s0.EventStore.Postgres.Tests;

/// <summary>A write that is not an append: made through any instance of the store, looked for past all of them.</summary>
internal sealed record Save(Func<TestStore, Task> MakeAsync, Func<Task<bool>> IsStoredAsync)
{
    public static async Task<Save> PrepareAsync(TestStore direct, SaveKind kind)
    {
        var (consumer, stream) = ($"consumer {Guid.CreateVersion7():N}", Some.Stream());
        switch (kind)
        {
            case SaveKind.Claim:
                return new Save(
                    store => store.Checkpoints.ClaimAsync(consumer, "owner"),
                    () => direct.ScalarAsync<bool>(
                        $"select exists (select from {{s}}.subscriptions where consumer = '{consumer}')"));
            case SaveKind.Checkpoint:
                var claim = await direct.Checkpoints.ClaimAsync(consumer, "owner");
                var checkpoint = new Checkpoint(new Position(7), await direct.Store.GetIdentityAsync());
                return new Save(
                    async store => (await store.Checkpoints.SaveAsync(claim, checkpoint))
                        .Should().Be(claim with { Checkpoint = checkpoint }),
                    async () => await direct.Checkpoints.LoadAsync(consumer) == checkpoint);
            default:
                return new Save(
                    store => store.Snapshots.SaveAsync(stream, 3, "state"),
                    async () => await direct.Snapshots.LoadLatestAsync<string>(stream) is { Version: 3, State: "state" });
        }
    }
}
