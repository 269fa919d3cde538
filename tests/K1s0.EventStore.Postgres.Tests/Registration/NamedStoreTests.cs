using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>Several stores in one database and one process, by schema.</summary>
[Trait("Row", "I17")]
[Trait("Row", "X15")]
public sealed class NamedStoreTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Stores_under_different_names_share_nothing()
    {
        string[] names = [string.Empty, "billing", "shipping"];
        using var host = await StoreHost.StartAsync(services =>
        {
            services.AddSingleton(database.DataSource);
            var builder = services.AddEventStore();
            foreach (var name in names)
            {
                builder.UsePostgres(
                    name, options => (options.Schema, options.AllowUnsafeDurability) = ($"tenant_{name}", true));
            }
        });
        var stream = Some.Stream();
        var envelope = Some.Event(stream);
        var positions = new List<Position>();

        // The same stream and the same event id in each of them.
        for (var number = 0; number < names.Length; number++)
        {
            var tenant = new Tenant(host.Services, names[number]);
            (await tenant.Store.ExistsAsync(stream)).Should().BeFalse();
            var result = await tenant.Store.AppendAsync(stream, [envelope, .. Some.Events(stream, number)], 0);
            result.WasRepeated.Should().BeFalse();
            positions.Add(result.FirstPosition);
            await tenant.Snapshots.SaveAsync(stream, number + 1, names[number]);
            var claim = await tenant.Checkpoints.ClaimAsync("consumer", "owner");
            claim.Epoch.Should().Be(1);
            await tenant.Checkpoints.SaveAsync(
                claim, new Checkpoint(result.LastPosition, await tenant.Feed.GetIdentityAsync()));
        }

        positions.Should().AllBeEquivalentTo(positions[0], "each has positions of its own");
        for (var number = 0; number < names.Length; number++)
        {
            var tenant = new Tenant(host.Services, names[number]);
            (await tenant.Store.LoadAsync(stream)).Should().HaveCount(number + 1);
            (await tenant.Feed.ReadFeedPageAsync(Position.Start)).Events.Should().HaveCount(number + 1);
            (await tenant.Snapshots.LoadLatestAsync<string>(stream))!.State.Should().Be(names[number]);
            (await tenant.Checkpoints.LoadAsync("consumer"))!.Store.Should().Be(await tenant.Feed.GetIdentityAsync());
        }

        (await Task.WhenAll(names.Select(name => new Tenant(host.Services, name).Feed.GetIdentityAsync())))
            .Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task An_open_append_in_one_store_does_not_hold_back_another()
    {
        var (slow, quick) = (await database.NewStoreAsync(), await database.NewStoreAsync());
        await using var caller = await Transactions.Caller.BeginAsync(database.DataSource);
        await slow.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);

        await quick.Store.AppendAsync([Some.Append(Some.Stream(), 2)]);

        (await quick.FeedAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_checkpoint_of_one_store_is_refused_by_another()
    {
        var (first, second) = (await database.NewStoreAsync(), await database.NewStoreAsync());
        var claim = await second.Checkpoints.ClaimAsync("consumer", "owner");
        var before = await second.ContentAsync();

        var refusal = await Assert.ThrowsAsync<StoreIdentityException>(async () => await second.Checkpoints.SaveAsync(
            claim, new Checkpoint(new Position(1), await first.Store.GetIdentityAsync())));

        refusal.Expected.Should().Be(await second.Store.GetIdentityAsync());
        (await second.ContentAsync()).Should().Be(before);
    }

    [Theory]
    [InlineData("")]
    [InlineData("billing")]
    public void Two_backends_cannot_claim_one_name(string name)
    {
        var postgresFirst = new ServiceCollection().AddEventStore().UsePostgres(name);
        var memoryFirst = new ServiceCollection().AddEventStore().UseInMemory(name);

        Assert.Throws<InvalidOperationException>(() => postgresFirst.UseInMemory(name)).Message
            .Should().Contain("already uses");
        Assert.Throws<InvalidOperationException>(() => memoryFirst.UsePostgres(name)).Message
            .Should().Contain("already uses");
    }

    [Fact]
    public async Task Different_backends_under_different_names_live_side_by_side()
    {
        await using var services = Register().BuildServiceProvider();

        services.GetRequiredKeyedService<IEventStore>("memory").Should().BeOfType<InMemoryEventStore>();
        services.GetRequiredKeyedService<PostgresEventStore>("postgres").Should().NotBeNull();

        IServiceCollection Register()
        {
            var collection = new ServiceCollection();
            collection.AddKeyedSingleton("postgres", database.DataSource);
            collection.AddEventStore().UseInMemory("memory").UsePostgres("postgres");
            return collection;
        }
    }

    private sealed record Tenant(IServiceProvider Services, string Name)
    {
        public IEventStore Store => Services.GetRequiredKeyedService<IEventStore>(Name);

        public IFeedReader Feed => Services.GetRequiredKeyedService<IFeedReader>(Name);

        public ISnapshotStore Snapshots => Services.GetRequiredKeyedService<ISnapshotStore>(Name);

        public ICheckpointStore Checkpoints => Services.GetRequiredKeyedService<ICheckpointStore>(Name);
    }
}
