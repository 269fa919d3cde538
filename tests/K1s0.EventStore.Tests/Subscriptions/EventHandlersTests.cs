namespace K1s0.EventStore.Tests;

public sealed class EventHandlersTests
{
    private static readonly StreamId Stream = new("order", "1");

    [Fact]
    public async Task Each_type_goes_to_its_own_function_decoded()
    {
        var seen = new List<string>();
        var handlers = new EventHandlers()
            .On("order-placed", OrderJson.Default.OrderPlaced, (placed, envelope, _) =>
            {
                seen.Add($"{envelope.EventType} {placed}");
                return ValueTask.CompletedTask;
            })
            .Ignore("order-viewed");
        var placed = new OrderPlaced("Ada", 1);
        var envelope = EventEnvelope.Create(Stream, "order-placed", placed, OrderJson.Default.OrderPlaced);

        await handlers.HandleAsync(envelope, CancellationToken.None);
        await handlers.HandleAsync(Event("order-viewed"), CancellationToken.None);

        seen.Should().Equal($"order-placed {placed}");
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task What_is_unknown_or_cannot_be_decoded_is_an_error_that_names_the_event()
    {
        var handlers = new EventHandlers().On(
            "order-placed", OrderJson.Default.OrderPlaced, (_, _, _) => ValueTask.CompletedTask);
        var (unknown, broken, nothing) =
            (Event("order-lost"), Event("order-placed", "[1]"), Event("order-placed", "null"));

        foreach (var envelope in new[] { unknown, broken, nothing })
        {
            var refusal = await Assert.ThrowsAsync<EventNotUnderstoodException>(
                () => handlers.HandleAsync(envelope, CancellationToken.None).AsTask());
            refusal.Envelope.Should().BeSameAs(envelope);
            (refusal.InnerException is null).Should().Be(envelope == unknown);
        }
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task Without_upcasters_an_event_of_another_schema_version_is_not_decoded_as_if_it_were_this_one()
    {
        var seen = new List<string>();
        var handlers = new EventHandlers()
            .On("order-placed", OrderJson.Default.OrderPlaced, (_, _, _) => See("first"))
            .On("order-placed", 3, OrderJson.Default.OrderPlaced, (_, _, _) => See("third"));
        var placed = EventEnvelope.Create(
            Stream, "order-placed", new OrderPlaced("Ada", 1), OrderJson.Default.OrderPlaced);

        await handlers.HandleAsync(placed, CancellationToken.None);
        await handlers.HandleAsync(placed with { SchemaVersion = 3 }, CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<EventNotUnderstoodException>(
            () => handlers.HandleAsync(placed with { SchemaVersion = 2 }, CancellationToken.None).AsTask());

        seen.Should().Equal("first", "third");
        refusal.Envelope.SchemaVersion.Should().Be(2);
        refusal.Message.Should().Contain("schema version 2").And.Contain("1, 3");

        ValueTask See(string version)
        {
            seen.Add(version);
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public void A_type_is_named_once()
    {
        Assert.Throws<ArgumentException>(() => new EventHandlers().Ignore("a").Ignore("a"));
        Assert.Throws<ArgumentException>(() => On(On(new EventHandlers())));
        Assert.Throws<ArgumentException>(() => On(new EventHandlers()).Ignore("a"));
        Assert.Throws<ArgumentException>(() => On(new EventHandlers().Ignore("a")));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EventHandlers().On(
            "a", 0, OrderJson.Default.OrderPlaced, (_, _, _) => ValueTask.CompletedTask));

        static EventHandlers On(EventHandlers handlers) => handlers.On(
            "a", OrderJson.Default.OrderPlaced, (_, _, _) => ValueTask.CompletedTask);
    }

    [Fact]
    public void An_idempotency_key_is_the_same_for_ever_and_another_for_each_consumer_and_event()
    {
        var id = new Guid("018f4e3c-0000-7000-8000-000000000001");

        var key = IdempotencyKey.Of("mailer", id);

        key.Should().Be(IdempotencyKey.Of("mailer", id));
        key.Should().Be(new Guid("bc997a06-2933-8f36-9da6-3efdd5561a2f"), "another program computes the same");
        key.Version.Should().Be(8);
        new[] { key, IdempotencyKey.Of("printer", id), IdempotencyKey.Of("mailer", Guid.CreateVersion7()) }
            .Should().OnlyHaveUniqueItems();
        Assert.Throws<ArgumentException>(() => IdempotencyKey.Of(string.Empty, id));
    }

    private static EventEnvelope Event(string type, string payload = "{}") =>
        EventEnvelope.Create(Stream, type, System.Text.Encoding.UTF8.GetBytes(payload));
}
