using K1s0.EventStore.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

public sealed class HostedSubscriptionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Both_kinds_run_with_the_host_on_a_named_store_and_end_with_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var builder = Host.CreateApplicationBuilder();
        builder.Services.AddSingleton(database.DataSource);
        builder.Services.AddEventStore()
            .UsePostgres("orders", options =>
            {
                options.Schema = database.NewSchemaName();
                options.AllowUnsafeDurability = true;
            })
            .AddSubscription<Plain>("plain", storeName: "orders")
            .AddTransactionalSubscription<InTransaction>("in-transaction", storeName: "orders");
        using var host = builder.Build();
        await host.StartAsync(limit.Token);

        var stream = Some.Stream();
        await host.Services.GetRequiredKeyedService<IEventAppender>("orders")
            .AppendAsync([Some.Append(stream, 3)], limit.Token);
        var subscriptions = host.Services.GetServices<Subscription>().ToArray();
        foreach (var subscription in subscriptions)
        {
            while (subscription.GetStatus().HandledEvents < 3)
            {
                limit.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        await host.StopAsync(limit.Token);

        host.Services.GetRequiredService<Plain>().Seen.Handled.Select(e => e.Version).Should().Equal(1, 2, 3);
        subscriptions.Select(subscription => subscription.GetStatus().State)
            .Should().AllBeEquivalentTo(SubscriptionState.Idle);
        var checkpoints = host.Services.GetRequiredKeyedService<ICheckpointStore>("orders");
        var positions = subscriptions.Select(subscription => subscription.GetStatus().Position).ToArray();
        (await checkpoints.LoadAsync("plain", limit.Token))!.Position.Should().Be(positions[0]);
        (await checkpoints.LoadAsync("in-transaction", limit.Token))!.Position.Should().Be(positions[1]);
    }

    private sealed class Plain : ISubscriptionHandler
    {
        public RecordingHandler Seen { get; } = new();

        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken) =>
            Seen.HandleAsync(envelope, cancellationToken);
    }

    private sealed class InTransaction : ITransactionalHandler
    {
        public async Task HandleAsync(
            EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
        {
            await using var command = new NpgsqlCommand("select 1", transaction.Connection, transaction);
            await command.ExecuteScalarAsync(cancellationToken);
        }
    }
}
