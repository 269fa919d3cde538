namespace K1s0.EventStore.Tests.Serialization;

/// <summary>Theme 18 of the peers: upcasters that some readers went around.</summary>
public sealed class OnePipelineTests
{
    private static readonly StreamId Stream = new("article", "1");
    private static readonly EventSerializer Serializer = new(EventSerializerTests.Types());

    [Fact]
    public async Task A_subscription_handler_sees_old_events_in_their_new_shape_in_parts()
    {
        var seen = new List<string>();
        var handlers = new EventHandlers(Serializer)
            .On<PricePut>((put, envelope, _) => See(seen, $"{envelope.EventType}: {put}"))
            .On<NamePut>((put, envelope, _) => See(seen, $"{envelope.EventType}: {put}"));
        var stored = EventEnvelope.Create(Stream, "article-put", """{"name":"cup","cents":300}"""u8.ToArray());

        await handlers.HandleAsync(stored, CancellationToken.None);
        await handlers.HandleAsync(
            EventEnvelope.Create(Stream, "viewed", "{}"u8.ToArray()), CancellationToken.None);

        seen.Should().Equal(
            $"article-put: {new NamePut("cup")}", $"article-put: {new PricePut(3m, "EUR")}");
    }

    [Fact]
    public async Task An_aggregate_sees_the_same_also_when_old_and_new_shapes_stand_in_one_stream()
    {
        var (store, token) = (new InMemoryEventStore(), TestContext.Current.CancellationToken);
        var states = new AggregateStore<string, object>(
            StateFold.Of<string, object>(() => "", (seen, happened) => $"{seen}{happened};"), store, Serializer);
        await states.HandleAsync(Stream, _ => [new PricePut(1m, "USD")], cancellationToken: token);
        await store.AppendAsync(
            Stream,
            [EventEnvelope.Create(Stream, "article-put", """{"name":"cup","cents":300}"""u8.ToArray())],
            cancellationToken: token);

        var loaded = await states.LoadAsync(Stream, token);

        loaded.State.Should().Be(
            $"{new PricePut(1m, "USD")};{new NamePut("cup")};{new PricePut(3m, "EUR")};");
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task A_handler_passes_nothing_over_that_it_was_not_told_to()
    {
        var (name, lost) = (Serializer.ToEnvelope(Stream, new NamePut("cup")), Unknown());
        var strict = new EventHandlers(Serializer).On<PricePut>((_, _, _) => ValueTask.CompletedTask);
        var lenient = new EventHandlers(Serializer).IgnoreOthers();

        await RefusedAsync(strict, name);
        await RefusedAsync(strict, lost);
        await RefusedAsync(lenient, lost);
        await lenient.HandleAsync(name, CancellationToken.None);
    }

    [Fact]
    public async Task A_tolerant_handler_is_given_the_unknown_event()
    {
        var (found, lost) = (new List<UnknownEvent>(), Unknown());
        var handlers = new EventHandlers(Serializer).On<UnknownEvent>((unknown, _, _) =>
        {
            found.Add(unknown);
            return ValueTask.CompletedTask;
        });

        await handlers.HandleAsync(lost, CancellationToken.None);

        found.Single().Envelope.Should().BeSameAs(lost);
    }

    [Fact]
    public void A_handler_is_set_up_with_a_serialiser_or_without_and_not_both()
    {
        Assert.Throws<InvalidOperationException>(() => new EventHandlers(Serializer).On(
            "name-put", UpcastJson.Default.NamePut, (_, _, _) => ValueTask.CompletedTask));
        Assert.Throws<InvalidOperationException>(() => new EventHandlers().On<NamePut>(
            (_, _, _) => ValueTask.CompletedTask));
        Assert.Throws<InvalidOperationException>(() => new EventHandlers().IgnoreOthers());
    }

    private static EventEnvelope Unknown() => EventEnvelope.Create(Stream, "nobody-knows", "{}"u8.ToArray());

    private static ValueTask See(List<string> seen, string what)
    {
        seen.Add(what);
        return ValueTask.CompletedTask;
    }

    private static Task<EventNotUnderstoodException> RefusedAsync(EventHandlers handlers, EventEnvelope envelope) =>
        Assert.ThrowsAsync<EventNotUnderstoodException>(
            () => handlers.HandleAsync(envelope, CancellationToken.None).AsTask());
}
