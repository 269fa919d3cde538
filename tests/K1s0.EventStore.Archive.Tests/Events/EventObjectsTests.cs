using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class EventObjectsTests
{
    private readonly SimulatedObjectStore _objects = new(new ManualTime(DateTimeOffset.UnixEpoch));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Row", "L04")]
    public async Task An_event_is_an_object_of_its_own_with_its_checksum_and_class()
    {
        var exported = new EventObjects(_objects);
        foreach (var envelope in await Corpus.Create().OrdersAsync(20, streams: 3))
        {
            var key = EventObjects.KeyOf(envelope);

            (await exported.PutAsync(envelope, StorageClass.InfrequentAccess, Cancellation)).Should().Be(PutOutcome.Stored);
            (await exported.PutAsync(envelope, cancellationToken: Cancellation)).Should().Be(PutOutcome.AlreadyStored);

            key.Value.Should().Be($"events/2026/07/01/13/{envelope.Id}.json");
            var info = (await _objects.HeadAsync(key, Cancellation))!;
            info.Attributes.Metadata["checksum"].Should().Be(envelope.ContentDigest.ToString());
            info.Attributes.StorageClass.Should().Be(StorageClass.InfrequentAccess);
            var found = (await exported.GetAsync(key, Cancellation))!;
            found.Should().Be(envelope);
            (found.ChainHash, found.PreviousEventId, found.ContentDigest, found.RecordedAt)
                .Should().Be((envelope.ChainHash, envelope.PreviousEventId, envelope.ContentDigest, envelope.RecordedAt));
        }
    }

    [Fact]
    public async Task What_is_no_event_or_another_one_is_damaged()
    {
        var exported = new EventObjects(_objects);
        var events = await Corpus.Create().OrdersAsync(2, streams: 1);
        await exported.PutAsync(events[0], cancellationToken: Cancellation);
        var line = (await _objects.GetAsync(EventObjects.KeyOf(events[0]), Cancellation))!.Content;
        var attributes = new ObjectAttributes(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["checksum"] = events[1].ContentDigest.ToString(),
        });
        await _objects.PutIfAbsentAsync(new ObjectKey("other.json"), line, attributes, Cancellation);
        await _objects.PutIfAbsentAsync(new ObjectKey("none.json"), "{}\n"u8.ToArray(), attributes, Cancellation);
        await _objects.PutIfAbsentAsync(new ObjectKey("two.json"), (byte[])[.. line.Span, .. line.Span], attributes, Cancellation);

        foreach (var name in new[] { "other.json", "none.json", "two.json" })
        {
            await FluentActions.Awaiting(() => exported.GetAsync(new ObjectKey(name), Cancellation))
                .Should().ThrowAsync<ObjectDamagedException>(name);
        }

        (await exported.GetAsync(new ObjectKey("absent.json"), Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task Another_event_under_the_key_of_one_is_damage_though_it_is_whole()
    {
        var exported = new EventObjects(_objects);
        var events = await Corpus.Create().OrdersAsync(2, streams: 1);
        await exported.PutAsync(events[0], cancellationToken: Cancellation);
        var swapped = (await _objects.GetAsync(EventObjects.KeyOf(events[0]), Cancellation))!;
        await _objects.PutIfAbsentAsync(
            EventObjects.KeyOf(events[1]), swapped.Content, swapped.Info.Attributes, Cancellation);

        var damaged = await Assert.ThrowsAsync<ObjectDamagedException>(
            () => exported.GetAsync(EventObjects.KeyOf(events[1]), Cancellation));

        damaged.Message.Should().Contain(events[0].Id.ToString());
    }

    [Fact]
    public async Task What_is_not_stored_is_refused()
    {
        var envelope = EventEnvelope.Create(new StreamId("order", "1"), "placed", "{}"u8.ToArray());

        await FluentActions.Awaiting(() => new EventObjects(_objects).PutAsync(envelope, cancellationToken: Cancellation))
            .Should().ThrowAsync<ArgumentException>();
        _objects.Calls.Should().BeEmpty();
    }
}
