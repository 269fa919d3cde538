using FluentAssertions;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the READMEs, run: what they say happens, happens.</summary>
public sealed class ReadmeExamples
{
    [Fact]
    public async Task The_first_example_appends_is_refused_and_verifies()
    {
        // snippet: first-steps
        var services = new ServiceCollection();
        services.AddEventStore().UseInMemory();
        await using var provider = services.BuildServiceProvider();
        var store = provider.GetRequiredService<IEventStore>();
        var reader = provider.GetRequiredService<IStreamReader>();

        var order = new StreamId("order", "4711");
        var placed = EventEnvelope.Create(order, "order-placed", """{"customer":"Ada","total":42.50}"""u8.ToArray());
        await store.AppendAsync(order, [placed], expectedVersion: 0);

        var paid = EventEnvelope.Create(order, "order-paid", """{"amount":42.50}"""u8.ToArray());
        try
        {
            await store.AppendAsync(order, [paid], expectedVersion: 0);
        }
        catch (ConcurrencyException)
        {
            // The stream is at version 1 and nothing was written: load, decide again, append on top of what was loaded.
            var history = await store.LoadAsync(order);
            await store.AppendAsync(order, [paid], expectedVersion: history[^1].Version);
        }

        // Recompute the hash chain from the bytes. IsValid is true, VerifiedEvents is 2.
        var verification = await StreamVerifier.VerifyAsync(order, reader.ReadStreamAsync(order));

        // end-snippet
        (verification.IsValid, verification.VerifiedEvents).Should().Be((true, 2L));
        (await store.LoadAsync(order)).Should().Equal(placed with { Version = 1 }, paid with { Version = 2 });
        var late = EventEnvelope.Create(order, "order-paid", "{}"u8.ToArray());
        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => store.AppendAsync(order, [late], expectedVersion: 0));
        conflict.ActualVersion.Should().Be(2);
    }

    [Fact]
    public async Task The_retry_example_leaves_one_copy()
    {
        var store = new InMemoryEventStore();
        var order = new StreamId("order", "4711");
        EventEnvelope[] events = [EventEnvelope.Create(order, "order-placed", "{}"u8.ToArray())];
        var attempts = 0;

        // snippet: unknown-outcome
        try
        {
            await AppendAsync(events);
        }
        catch (AppendOutcomeUnknownException unknown)
        {
            // The same envelopes, so the same event ids: one copy is stored, whatever became of the first attempt.
            var results = await store.AppendAsync(unknown.Appends);
        }

        // end-snippet
        (await store.LoadAsync(order)).Should().Equal(events[0] with { Version = 1 });
        attempts.Should().Be(1);

        // Stands for a connection that breaks after the commit was sent.
        async Task AppendAsync(EventEnvelope[] written)
        {
            await store.AppendAsync(order, written, ExpectedVersion.NoStream);
            if (++attempts == 1)
            {
                throw new AppendOutcomeUnknownException(
                    [new StreamAppend(order, written, ExpectedVersion.NoStream)], "the connection broke");
            }
        }
    }

    [Fact]
    public async Task The_generated_serialisation_example_gives_the_payload()
    {
        // snippet: generated-json
        var order = new StreamId("order", "4711");
        var placed = EventEnvelope.Create(
            order,
            "order-placed",
            new OrderPlaced("Ada", 42.50m),
            OrderEvents.Default.OrderPlaced,
            new EventMetadata { Actor = "ada@example.org", CorrelationId = "checkout-1" });

        // end-snippet
        var store = new InMemoryEventStore();
        await store.AppendAsync(order, [placed]);
        var stored = (await store.LoadAsync(order)).Single();
        stored.Payload.GetProperty("Customer").GetString().Should().Be("Ada");
        stored.Actor.Should().Be("ada@example.org");
    }

    [Fact]
    public async Task The_feed_example_reads_everything_once_and_stops_at_the_settled_bound()
    {
        var store = new InMemoryEventStore();
        var order = new StreamId("order", "4711");
        await store.AppendAsync(order, [EventEnvelope.Create(order, "order-placed", "{}"u8.ToArray())]);
        var handled = new List<EventEnvelope>();
        var checkpoints = new InMemoryCheckpointStore(store);

        // snippet: feed
        var claim = await checkpoints.ClaimAsync(consumer: "mailer", owner: "worker-1");
        var after = claim.Checkpoint?.Position ?? Position.Start;
        await foreach (var envelope in store.ReadFeedAsync(after, new FeedFilter { StreamTypes = ["order"] }))
        {
            handled.Add(envelope);
            var checkpoint = new Checkpoint(envelope.Position, await store.GetIdentityAsync(), envelope.ChainHash);
            claim = await checkpoints.SaveAsync(claim, checkpoint);
        }

        // end-snippet
        handled.Should().ContainSingle();
        (await checkpoints.LoadAsync("mailer"))!.Position.Should().Be(handled[0].Position);
    }

    [Fact]
    public async Task The_registration_example_gives_the_store_of_the_named_schema()
    {
        var services = new ServiceCollection();

        // Nothing listens there, and nothing is asked until the store is used.
        var connectionString = "Host=localhost;Port=1;Database=orders";

        // snippet: postgres-registration
        services.AddEventStore()
            .UsePostgres(options =>
            {
                options.ConnectionString = connectionString;
                options.Schema = "orders_events";
            });

        // end-snippet
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IEventStore>().Should().NotBeNull();
        provider.GetRequiredService<IOptionsMonitor<PostgresOptions>>().Get(Options.DefaultName)
            .Schema.Should().Be("orders_events");
    }

    [Fact]
    public async Task The_test_example_needs_no_container()
    {
        // snippet: unit-test
        var clock = TimeProvider.System;
        var store = new InMemoryEventStore(new EventStoreOptions { MaxEventsPerAppend = 10 }, clock);
        var snapshots = new InMemorySnapshotStore();
        var checkpoints = new InMemoryCheckpointStore(store);

        // end-snippet
        var order = new StreamId("order", "4711");
        await snapshots.SaveAsync(order, 1, new OrderPlaced("Ada", 1));
        (await snapshots.LoadLatestAsync<OrderPlaced>(order))!.State.Customer.Should().Be("Ada");
        (await checkpoints.LoadAsync("mailer")).Should().BeNull();
        (await store.ExistsAsync(order)).Should().BeFalse();
    }
}
