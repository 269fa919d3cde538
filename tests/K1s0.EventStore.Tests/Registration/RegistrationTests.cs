using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Tests;

public sealed class RegistrationTests
{
    private static readonly StreamId Order = new("order", "1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_works_without_logging_and_without_anything_else_registered()
    {
        await using var services = Build(collection => collection.AddEventStore().UseInMemory());
        var store = services.GetRequiredService<IEventStore>();

        await store.AppendAsync(Order, [AnEvent()], expectedVersion: 0, Token);

        (await store.LoadAsync(Order, cancellationToken: Token)).Should().ContainSingle();
    }

    [Fact]
    public async Task All_roles_are_one_store()
    {
        await using var services = Build(collection => collection.AddEventStore().UseInMemory());

        var store = services.GetRequiredService<IEventStore>();

        services.GetRequiredService<IEventAppender>().Should().BeSameAs(store);
        services.GetRequiredService<IStreamReader>().Should().BeSameAs(store);
        services.GetRequiredService<IFeedReader>().Should().BeSameAs(store);
        services.GetRequiredService<IEventStore>().Should().BeSameAs(store);
        services.GetRequiredKeyedService<IEventStore>("").Should().BeSameAs(store);
        services.GetRequiredService<ISnapshotStore>()
            .Should().BeSameAs(services.GetRequiredService<ISnapshotStore>());
    }

    [Fact]
    public async Task Checkpoints_belong_to_the_store_beside_them()
    {
        await using var services = Build(collection => collection.AddEventStore().UseInMemory().UseInMemory("other"));
        var checkpoints = services.GetRequiredService<ICheckpointStore>();
        var claim = await checkpoints.ClaimAsync("consumer", "owner", Token);
        var own = await services.GetRequiredService<IFeedReader>().GetIdentityAsync(Token);
        var foreign = await services.GetRequiredKeyedService<IFeedReader>("other").GetIdentityAsync(Token);

        await Assert.ThrowsAsync<StoreIdentityException>(
            () => checkpoints.SaveAsync(claim, new Checkpoint(Position.Start, foreign), Token));
        var saved = await checkpoints.SaveAsync(claim, new Checkpoint(Position.Start, own), Token);

        saved.Checkpoint!.Store.Should().Be(own);
    }

    [Fact]
    public async Task Adding_and_choosing_twice_is_harmless_and_both_settings_count()
    {
        await using var services = Build(collection =>
        {
            collection.AddEventStore(options => options.MaxEventsPerAppend = 1).UseInMemory();
            collection.AddEventStore(options => options.MaxPayloadBytes = 10).UseInMemory().UseInMemory();
        });
        var store = services.GetRequiredService<IEventStore>();

        services.GetServices<IEventStore>().Should().ContainSingle().Which.Should().BeSameAs(store);
        services.GetServices<ISnapshotStore>().Should().ContainSingle();
        services.GetServices<ICheckpointStore>().Should().ContainSingle();
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => store.AppendAsync(Order, [AnEvent(), AnEvent()], cancellationToken: Token));
        await Assert.ThrowsAsync<InvalidEventException>(
            () => store.AppendAsync(Order, [AnEvent("[1,2,3,4,5,6]")], cancellationToken: Token));
        (await store.ExistsAsync(Order, Token)).Should().BeFalse();
    }

    [Fact]
    [Trait("Row", "X15")]
    public async Task Two_instances_in_one_process_share_nothing()
    {
        await using var services = Build(
            collection => collection.AddEventStore().UseInMemory().UseInMemory("one").UseInMemory("two"));
        string[] names = ["", "one", "two"];
        var envelope = AnEvent();
        var stores = names.Select(name => services.GetRequiredKeyedService<IEventStore>(name)).ToArray();

        await stores[1].AppendAsync(Order, [envelope], expectedVersion: 0, Token);
        await services.GetRequiredKeyedService<ISnapshotStore>("one").SaveAsync(Order, 1, "state", Token);
        await services.GetRequiredKeyedService<ICheckpointStore>("one").ClaimAsync("consumer", "owner", Token);

        foreach (var name in new[] { "", "two" })
        {
            var feed = services.GetRequiredKeyedService<IFeedReader>(name);
            var snapshots = services.GetRequiredKeyedService<ISnapshotStore>(name);
            var checkpoints = services.GetRequiredKeyedService<ICheckpointStore>(name);
            (await services.GetRequiredKeyedService<IEventStore>(name).ExistsAsync(Order, Token)).Should().BeFalse();
            (await feed.GetSettledBoundAsync(Token)).Should().Be(Position.Start);
            (await snapshots.LoadLatestAsync<string>(Order, Token)).Should().BeNull();
            (await checkpoints.ClaimAsync("consumer", "owner", Token)).Epoch.Should().Be(1);
        }

        // The same id and the same stream are free in the other store.
        (await stores[2].AppendAsync(Order, [envelope], expectedVersion: 0, Token)).WasRepeated.Should().BeFalse();
        var identities = names.Select(
            name => services.GetRequiredKeyedService<IFeedReader>(name).GetIdentityAsync(Token));
        (await Task.WhenAll(identities)).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task A_store_with_a_name_is_not_the_one_without()
    {
        await using var services = Build(collection => collection.AddEventStore().UseInMemory("named"));

        services.GetService<IEventStore>().Should().BeNull();
        services.GetKeyedService<IEventStore>("named").Should().NotBeNull();
        services.GetKeyedService<IEventStore>("other").Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("named")]
    public async Task Two_backends_under_one_name_are_refused_in_either_order_and_the_first_one_stays(string name)
    {
        var collection = new ServiceCollection();
        var builder = collection.AddEventStore().UseInMemory(name);

        var refusal = Assert.Throws<InvalidOperationException>(
            () => { collection.AddStore<IOtherBackend, ISnapshotStore, ICheckpointStore>(name); });

        refusal.Message.Should().Contain(nameof(InMemoryEventStore)).And.Contain(nameof(IOtherBackend));
        await using var services = builder.UseInMemory(name).Services.BuildServiceProvider();
        services.GetKeyedServices<IEventStore>(name)
            .Should().ContainSingle().Which.Should().BeOfType<InMemoryEventStore>();

        var other = new ServiceCollection();
        other.AddStore<IOtherBackend, ISnapshotStore, ICheckpointStore>(name).Should().BeTrue();
        Assert.Throws<InvalidOperationException>(() => other.AddEventStore().UseInMemory(name));
    }

    [Fact]
    public async Task The_clock_of_the_container_is_the_stores_clock()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        await using var services = Build(collection =>
        {
            collection.AddSingleton<TimeProvider>(new FixedTime(now));
            collection.AddEventStore().UseInMemory();
        });

        var store = services.GetRequiredService<IEventStore>();
        var snapshots = services.GetRequiredService<ISnapshotStore>();
        var result = await store.AppendAsync(Order, [AnEvent()], cancellationToken: Token);
        await snapshots.SaveAsync(Order, 1, "state", Token);

        result.RecordedAt.Should().Be(now);
        (await snapshots.LoadLatestAsync<string>(Order, Token))!.TakenAt.Should().Be(now);
    }

    [Fact]
    public void Null_is_refused()
    {
        var builder = new ServiceCollection().AddEventStore();

        Assert.Throws<ArgumentNullException>(() => default(IServiceCollection)!.AddEventStore());
        Assert.Throws<ArgumentNullException>(() => default(IEventStoreBuilder)!.UseInMemory());
        Assert.Throws<ArgumentNullException>(() => builder.UseInMemory(null!));
        Assert.Throws<ArgumentNullException>(() => new InMemoryCheckpointStore(null!));
    }

    private static ServiceProvider Build(Action<IServiceCollection> register)
    {
        var collection = new ServiceCollection();
        register(collection);
        return collection.BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }

    private static EventEnvelope AnEvent(string payload = "[1]") =>
        EventEnvelope.Create(Order, "ItemAdded", System.Text.Encoding.UTF8.GetBytes(payload));
}
