using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance;

/// <summary>Every stored event carries what proves it, and a verifier that trusts no stored hash agrees.</summary>
public abstract class StreamChainSuite : ConformanceSuite
{
    [Fact]
    [Trait("Row", "L01")]
    public async Task An_event_carries_id_time_type_actor_checksum_previous_event_and_partition_key()
    {
        var stream = NewStream();
        EventEnvelope[] events = [AnEvent(stream, type: "OrderPlaced"), AnEvent(stream)];
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        var stored = await LoadAsync(stream);

        stored[0].EventType.Should().Be("OrderPlaced");
        stored[1].PreviousEventId.Should().Be(stored[0].Id);
        foreach (var envelope in stored)
        {
            envelope.Id.Version.Should().Be(7);
            (envelope.OccurredAt.UtcTicks % TimeSpan.TicksPerMicrosecond).Should().Be(0);
            envelope.Actor.Should().Be("alice");
            envelope.ContentDigest.Should().Be(ContentDigest.Compute(envelope));
            envelope.PartitionKey.Should().Be(
                envelope.RecordedAt.UtcDateTime.ToString("yyyy\\/MM\\/dd\\/HH", CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    [Trait("Row", "L01")]
    public async Task The_first_event_of_a_stream_has_no_previous_event_and_later_ones_name_it_across_appends()
    {
        var stream = NewStream();
        for (var i = 0; i < 3; i++)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, 2), cancellationToken: Cancellation);
        }

        var stored = await LoadAsync(stream);

        stored.Select(envelope => envelope.PreviousEventId)
            .Should().Equal(stored.Select(envelope => envelope.Id).Take(5).Prepend(Guid.Empty));
    }

    [Fact]
    [Trait("PeerBug", "B26")]
    public async Task Content_digests_and_chain_hashes_equal_the_ones_computed_from_what_was_appended()
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 5);
        await Store.AppendAsync(stream, events[..2], cancellationToken: Cancellation);
        await Store.AppendAsync(stream, events[2..], cancellationToken: Cancellation);

        var stored = await LoadAsync(stream);

        var tag = StreamChain.Tag(stream);
        var hash = StreamChain.Genesis(tag);
        for (var i = 0; i < events.Length; i++)
        {
            var content = ContentDigest.Compute(events[i]);
            hash = StreamChain.Next(tag, i + 1, hash, content);
            stored[i].ContentDigest.Should().Be(content);
            stored[i].ChainHash.Should().Be(hash);
        }
    }

    [Fact]
    public async Task A_stored_stream_verifies_and_its_computed_head_is_the_stores_head()
    {
        var stream = NewStream();
        for (var i = 0; i < 4; i++)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, i + 1), cancellationToken: Cancellation);
        }

        var verification = await StreamVerifier.VerifyAsync(
            stream, Streams.ReadStreamAsync(stream, cancellationToken: Cancellation), cancellationToken: Cancellation);

        verification.Finding.Should().BeNull();
        verification.VerifiedEvents.Should().Be(10);
        verification.Head.Should().Be(await Streams.GetHeadAsync(stream, Cancellation));
    }

    [Fact]
    public async Task A_head_that_was_remembered_is_still_on_the_way_when_the_stream_has_grown()
    {
        var stream = await StreamWithAsync(3);
        var remembered = await Streams.GetHeadAsync(stream, Cancellation);
        await Store.AppendAsync(stream, SomeEvents(stream, 2), cancellationToken: Cancellation);

        var verification = StreamVerifier.Verify(stream, await LoadAsync(stream), remembered);

        verification.IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task Streams_written_by_one_append_each_verify_on_their_own()
    {
        StreamId[] streams = [await StreamWithAsync(2), NewStream(), NewStream()];
        await Appender.AppendAsync(
            [.. streams.Select(stream => new StreamAppend(stream, SomeEvents(stream, 3)))], Cancellation);

        foreach (var stream in streams)
        {
            var verification = StreamVerifier.Verify(stream, await LoadAsync(stream));
            verification.Finding.Should().BeNull();
            verification.Head.Should().Be(await Streams.GetHeadAsync(stream, Cancellation));
        }
    }

    [Fact]
    public async Task The_feed_returns_the_same_proofs_as_the_stream()
    {
        var stream = await StreamWithAsync(4);
        var stored = await LoadAsync(stream);

        var feed = await OwnFeedAsync(stored[^1].Position);

        feed.Select(StoredEvent.Of).Should().Equal(stored.Select(StoredEvent.Of));
        StreamVerifier.Verify(stream, feed).IsValid.Should().BeTrue();
    }

    [Fact]
    public async Task The_same_content_in_two_streams_has_different_digests_and_links()
    {
        var (stream, other) = (NewStream(), NewStream());
        var envelope = AnEvent(stream);
        await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);
        await Store.AppendAsync(
            other, [envelope with { StreamId = other, Id = Guid.CreateVersion7() }], cancellationToken: Cancellation);

        var (one, two) = ((await LoadAsync(stream))[0], (await LoadAsync(other))[0]);

        one.ContentDigest.Should().NotBe(two.ContentDigest);
        one.ChainHash.Should().NotBe(two.ChainHash);
    }
}
