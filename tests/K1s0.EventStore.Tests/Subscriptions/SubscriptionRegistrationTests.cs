using K1s0.EventStore.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Tests;

public sealed class SubscriptionRegistrationTests
{
    [Fact]
    public async Task Subscriptions_run_with_the_host_share_one_reader_and_need_no_logging()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory()
            .AddSubscription<FirstHandler>("first", options => options.Lanes = 4)
            .AddSubscription<FirstHandler>("first", options => options.PageSize = 7)
            .AddSubscription<SecondHandler>("second");
        await using var provider = services.BuildServiceProvider(
            new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        var hosted = provider.GetServices<IHostedService>().ToArray();
        foreach (var service in hosted)
        {
            await service.StartAsync(limit.Token);
        }

        var stream = new StreamId("order", "1");
        await provider.GetRequiredService<IEventStore>().AppendAsync(
            stream, [EventEnvelope.Create(stream, "A", "{}"u8.ToArray())], cancellationToken: limit.Token);
        await provider.GetRequiredService<FirstHandler>().Seen.HandledAsync(1, limit.Token);
        await provider.GetRequiredService<SecondHandler>().Seen.HandledAsync(1, limit.Token);
        foreach (var service in hosted)
        {
            await service.StopAsync(limit.Token);
        }

        hosted.Should().HaveCount(2);
        provider.GetRequiredService<IParkedEventStore>().Should().BeOfType<InMemoryParkedEventStore>();
        provider.GetRequiredService<LiveFeed>().Should().BeSameAs(provider.GetRequiredKeyedService<LiveFeed>(string.Empty));
        provider.GetServices<Subscription>().Select(one => one.Name).Should().Equal("first", "second");
        provider.GetRequiredKeyedService<Subscription>("first").GetStatus().State.Should().Be(SubscriptionState.Idle);
        var options = provider.GetRequiredService<IOptionsMonitor<SubscriptionOptions>>().Get("first");
        (options.Lanes, options.PageSize).Should().Be((4, 7));
        (await provider.GetRequiredService<ICheckpointStore>().LoadAsync("first", limit.Token))!.Position.Value.Should().Be(1);
    }

    [Fact]
    public async Task An_option_out_of_its_range_stops_the_start_and_is_named()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddEventStore().UseInMemory()
            .AddSubscription<FirstHandler>("first", options => options.RetryDelay = TimeSpan.Zero);
        using var host = builder.Build();

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(
            () => host.StartAsync(TestContext.Current.CancellationToken));

        refusal.Message.Should().Contain(nameof(SubscriptionOptions.RetryDelay));
    }

    [Fact]
    public void Wrong_subscriptions_are_refused_when_they_are_made()
    {
        var store = new InMemoryEventStore();
        using var live = new LiveFeed(store);
        var checkpoints = new InMemoryCheckpointStore(store);
        var handler = new RecordingHandler();
        var token = TestContext.Current.CancellationToken;

        Assert.Throws<ArgumentException>(() => new Subscription("a\nb", handler, live, checkpoints));
        Assert.Throws<ArgumentException>(
            () => new Subscription("a", handler, live, checkpoints, new SubscriptionOptions { Lanes = 0 }));
        Assert.Throws<ArgumentException>(() => new Subscription(
            "a", handler, live, checkpoints, new SubscriptionOptions { OnFailure = FailureAction.Park }));
        Assert.Throws<ArgumentException>(() => new Subscription(
            "a", handler, live, checkpoints, new SubscriptionOptions { OnFailure = (FailureAction)9 }));
        Assert.Throws<ArgumentNullException>(
            () => new Subscription("a", (ISubscriptionHandler)null!, live, checkpoints));
        Assert.Throws<InvalidOperationException>(
            () => { _ = new Subscription("a", handler, live, checkpoints).ReplayParkedAsync(token); });
    }

    private sealed class FirstHandler : ISubscriptionHandler
    {
        public RecordingHandler Seen { get; } = new();

        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken) =>
            Seen.HandleAsync(envelope, cancellationToken);
    }

    private sealed class SecondHandler : ISubscriptionHandler
    {
        public RecordingHandler Seen { get; } = new();

        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken) =>
            Seen.HandleAsync(envelope, cancellationToken);
    }
}
