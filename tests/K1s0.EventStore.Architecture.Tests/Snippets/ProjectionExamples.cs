using FluentAssertions;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the READMEs about projections, run as far as they need no server.</summary>
public sealed class ProjectionExamples
{
    [Fact]
    public async Task The_registration_example_gives_a_subscription_and_a_rebuilder_by_the_name()
    {
        var services = new ServiceCollection();
        var connectionString = "Host=localhost;Port=1;Database=orders";

        // snippet: projection-registration
        services.AddEventStore()
            .UsePostgres(options => options.ConnectionString = connectionString)
            .AddProjection<Turnover>("turnover");

        // end-snippet
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredKeyedService<Subscription>("turnover").Name.Should().Be("turnover");
        var rebuild = () => RebuildAsync(provider);
        await rebuild.Should().ThrowAsync<StoreUnavailableException>();
    }

    [Fact]
    public async Task The_live_example_folds_a_stream()
    {
        var store = new InMemoryEventStore();
        var order = new StreamId("order", "4711");
        var placed = new OrderPlaced("Ada", 42.50m);
        await store.AppendAsync(
            order, [EventEnvelope.Create(order, "order-placed", placed, OrderEvents.Default.OrderPlaced)]);

        // snippet: live-projection
        var eventsByType = new LiveProjection<int>(0, (count, envelope) => count + 1);
        var ofOrder = await eventsByType.ReadAsync(store, order);
        var ofAllOrders = await eventsByType.ReadAsync(store, new FeedFilter { StreamTypes = ["order"] });

        // end-snippet
        (ofOrder.State, ofAllOrders.State).Should().Be((1, 1));
    }

    private static async Task RebuildAsync(IServiceProvider provider)
    {
        // snippet: projection-rebuild
        var rebuilder = provider.GetRequiredKeyedService<ProjectionRebuilder>("turnover");
        var result = await rebuilder.RebuildAsync(new RebuildOptions { Lanes = 8 });

        // end-snippet
        result.Events.Should().Be(0);
    }

    // snippet: projection
    private sealed class Turnover : IProjection
    {
        public IReadOnlyList<string> Tables => ["turnover"];

        public FeedFilter? Filter { get; } = new() { EventTypes = ["order-placed"] };

        public bool IsKeyedByStream => true;

        public async Task CreateTablesAsync(ProjectionContext context, CancellationToken cancellationToken)
        {
            await using var command = context.CreateCommand(
                $"create table {context.Table("turnover")} (customer text primary key, orders bigint not null)");
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        public async Task ApplyAsync(
            IReadOnlyList<EventEnvelope> events, ProjectionContext context, CancellationToken cancellationToken)
        {
            var customers = events.CountBy(envelope => envelope.StreamId.AggregateId).ToArray();
            await using var command = context.CreateCommand(
                $"""
                insert into {context.Table("turnover")} as t (customer, orders) select * from unnest($1, $2)
                on conflict (customer) do update set orders = t.orders + excluded.orders
                """);
            command.Parameters.AddWithValue(customers.Select(customer => customer.Key).ToArray());
            command.Parameters.AddWithValue(customers.Select(customer => (long)customer.Value).ToArray());
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // end-snippet
}
