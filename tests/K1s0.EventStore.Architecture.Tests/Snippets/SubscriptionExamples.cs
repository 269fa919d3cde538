using FluentAssertions;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the READMEs about subscriptions, run as far as they need no server.</summary>
public sealed class SubscriptionExamples
{
    [Fact]
    public async Task The_registration_example_gives_subscriptions_by_their_names()
    {
        var services = new ServiceCollection();
        var connectionString = "Host=localhost;Port=1;Database=orders";

        // snippet: subscription-registration
        services.AddEventStore()
            .UsePostgres(options => options.ConnectionString = connectionString)
            .AddSubscription<Mailer>("mailer", options =>
            {
                options.Filter = new FeedFilter { StreamTypes = ["order"] };
                options.Start = SubscriptionStart.End;
                options.Lanes = 8;
                options.OnFailure = FailureAction.Park;
            })
            .AddTransactionalSubscription<Balances>("balances");
        services.AddHealthChecks().AddCheck<SubscriptionHealthCheck>("subscriptions");

        // end-snippet
        await using var provider = services.BuildServiceProvider();
        provider.GetServices<Subscription>().Select(one => one.Name).Should().Equal("mailer", "balances");
        provider.GetRequiredKeyedService<Subscription>("balances").GetStatus().State
            .Should().Be(SubscriptionState.Idle);
    }

    [Fact]
    public async Task The_plain_example_replays_a_range_under_its_own_checkpoint()
    {
        var store = new InMemoryEventStore();
        var checkpoints = new InMemoryCheckpointStore(store);
        var order = new StreamId("order", "4711");
        var placed = new OrderPlaced("Ada", 42.50m);
        await store.AppendAsync(
            order, [EventEnvelope.Create(order, "order-placed", placed, OrderEvents.Default.OrderPlaced)]);
        var total = 0m;
        var last = new Position(1_000);

        // snippet: subscription-replay
        using var live = new LiveFeed(store);
        var handler = new EventHandlers()
            .On("order-placed", OrderEvents.Default.OrderPlaced, (content, envelope, token) =>
            {
                total += content.Total;
                return ValueTask.CompletedTask;
            })
            .Ignore("order-viewed");
        var replay = new Subscription("totals-2026-01", handler, live, checkpoints, new SubscriptionOptions
        {
            Start = SubscriptionStart.Beginning,
            End = SubscriptionEnd.At(last),
        });
        await replay.RunAsync();

        // end-snippet
        total.Should().Be(42.50m);
        (await checkpoints.LoadAsync("totals-2026-01"))!.Position.Value.Should().Be(1);
    }

    private sealed class Mailer : ISubscriptionHandler
    {
        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken) =>
            ValueTask.CompletedTask;
    }

    // snippet: transactional-handler
    private sealed class Balances : ITransactionalHandler
    {
        public async Task HandleAsync(
            EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
        {
            await using var command = new NpgsqlCommand(
                "update balances set events = events + 1 where id = $1", transaction.Connection, transaction);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = envelope.StreamId.AggregateId });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // end-snippet
}
