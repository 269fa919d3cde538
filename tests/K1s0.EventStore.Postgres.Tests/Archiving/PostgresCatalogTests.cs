using System.Globalization;
using K1s0.EventStore.ObjectStores;
using K1s0.EventStore.Postgres.Tests.Partitions;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

public sealed class PostgresCatalogTests(StoreDatabase database) : ArchiveCatalogSuite, IClassFixture<StoreDatabase>
{
    private TestStore? _store;

    protected override DateTimeOffset Older => Month.Ahead(-4).Start;

    protected override DateTimeOffset Old => Month.Ahead(-3).Start;

    private TestStore Store => _store!;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override async Task<(IArchiveCatalog Catalog, ILeaseStore Leases)> CreateAsync()
    {
        _store = await database.NewStoreAsync();
        return (new PostgresArchiveCatalog(_store.DataSource, _store.Options), _store.Leases);
    }

    protected override async Task<IReadOnlyList<EventEnvelope>> AppendAsync(DateTimeOffset month, int count)
    {
        var before = await Store.Store.GetSettledBoundAsync();
        for (var number = 0; number < count; number++)
        {
            var stream = new StreamId("order", number % 2 == 0 ? "a" : "b");
            await Store.Store.AppendAsync(stream, [Some.Event(stream)]);
        }

        await ArchiveScene.MoveAsync(Store, new Month(month), before.Value);
        return await ArchiveScene.FeedAsync(Store.Store, before);
    }

    protected override Task TamperAsync(Position position) => ChangeAsync(string.Create(
        CultureInfo.InvariantCulture,
        $"update {{s}}.events set payload = convert_to('{{}}', 'UTF8') where position = {position.Value}"));

    protected override Task SubscribeAsync(string consumer, Position? position) => ChangeAsync(string.Create(
        CultureInfo.InvariantCulture,
        $"""
        insert into {"{s}"}.subscriptions (consumer, owner, owner_epoch, position, updated_at)
        values ('{consumer}', 'o', 1, {(position is { } known ? known.ToString() : "null")}, now())
        on conflict (consumer) do update set position = excluded.position
        """));

    protected override async Task BeginLedgerAsync() => await Store.Leases.ReleaseAsync((await Store.Leases.TryAcquireAsync(
        ILedgerStore.LeaseName, "sealer", TimeSpan.FromMinutes(1), Cancellation))!);

    protected override Task SealAsync(Position position) => ChangeAsync(string.Create(
        CultureInfo.InvariantCulture,
        $"""
        insert into {"{s}"}.tree_heads (tree_size, root, last_position, epoch, sealed_at)
        values ({position.Value}, sha256(''), {position.Value}, 1, now())
        """));

    private async Task ChangeAsync(string sql)
    {
        await using var connection = await Store.DataSource.OpenConnectionAsync();
        await connection.ExecuteAsync(
            "set session_replication_role = replica; " + Store.Named(sql) + "; set session_replication_role = origin");
    }
}
