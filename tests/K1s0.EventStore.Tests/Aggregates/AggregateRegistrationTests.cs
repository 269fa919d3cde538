using K1s0.EventStore.Conformance.Accounts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Tests.Aggregates;

public sealed class AggregateRegistrationTests
{
    [Fact]
    public async Task The_builder_registers_deciders_and_classes_that_work_on_the_store_of_the_container()
    {
        var (services, token) = (new ServiceCollection(), TestContext.Current.CancellationToken);
        services.AddEventStore().UseInMemory()
            .AddEventTypes(Types)
            .AddDecider(new AccountDecider())
            .AddAggregate<Account, IAccountEvent>(() => new Account());
        await using var provider = services.BuildServiceProvider();
        var stream = new StreamId("account", "1");

        var handled = await provider.GetRequiredService<CommandHandler<AccountState, AccountCommand, IAccountEvent>>()
            .HandleAsync(stream, new AccountCommand(Move: 3), cancellationToken: token);
        var loaded = await provider.GetRequiredService<AggregateRepository<Account, IAccountEvent>>()
            .LoadAsync(stream, token);
        var state = await provider.GetRequiredService<AggregateStore<AccountState, IAccountEvent>>()
            .LoadAsync(stream, token);

        (handled.State.Balance, loaded.State.Balance, state.State.Balance).Should().Be((3, 3, 3));
        (await provider.GetRequiredService<IEventStore>().LoadAsync(stream, cancellationToken: token))
            .Should().ContainSingle();
    }

    [Fact]
    public async Task Named_stores_have_aggregates_of_their_own()
    {
        var (services, token) = (new ServiceCollection(), TestContext.Current.CancellationToken);
        var builder = services.AddEventStore();
        foreach (var name in new[] { "north", "south" })
        {
            builder.UseInMemory(name).AddEventTypes(Types, name)
                .AddDecider(new AccountDecider(), storeName: name);
        }

        await using var provider = services.BuildServiceProvider();
        var stream = new StreamId("account", "1");
        var north = provider.GetRequiredKeyedService<CommandHandler<AccountState, AccountCommand, IAccountEvent>>(
            "north");
        await north.HandleAsync(stream, new AccountCommand(Move: 3), cancellationToken: token);

        var south = provider.GetRequiredKeyedService<AggregateStore<AccountState, IAccountEvent>>("south");

        (await south.LoadAsync(stream, token)).Version.Should().Be(StreamVersion.None);
        (await north.States.LoadAsync(stream, token)).Version.Value.Should().Be(1);
    }

    [Fact]
    public async Task An_application_with_an_option_outside_of_its_range_does_not_start()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddEventStore().UseInMemory().AddEventTypes(Types)
            .AddDecider(new AccountDecider(), options => options.MaxAttempts = 0);
        using var host = builder.Build();

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(
            () => host.StartAsync(TestContext.Current.CancellationToken));

        refusal.Message.Should().Contain("MaxAttempts: 0 is not between 1 and 100.");
    }

    [Fact]
    public void Every_option_has_a_range()
    {
        Action<AggregateOptions<AccountState>>[] wrong =
        [
            options => options.MaxAttempts = 101,
            options => options.EventsPerRead = 1,
            options => options.CacheCapacity = -1,
            options => options.MaxCachedStateBytes = 0,
            options => options.UnknownEvents = (UnknownEvents)7,
        ];

        foreach (var set in wrong)
        {
            var options = new AggregateOptions<AccountState>();
            set(options);
            Assert.Throws<ArgumentException>(() => new AggregateStore<AccountState, IAccountEvent>(
                new AccountDecider(), new InMemoryEventStore(), new EventSerializer(AccountJson.Types), options));
        }
    }

    private static void Types(EventTypes types) => types
        .Add("account-opened", AccountJson.Default.AccountOpened)
        .Add("amount-deposited", AccountJson.Default.AmountDeposited)
        .Add("amount-withdrawn", AccountJson.Default.AmountWithdrawn);
}
