using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class StreamVerifierTests
{
    private static readonly Sha256Digest OtherDigest = Sha256Digest.Of("other"u8);

    public static TheoryData<string, StreamFindingKind> ChangedParts => new()
    {
        { "payload", StreamFindingKind.ContentChanged },
        { "metadata", StreamFindingKind.ContentChanged },
        { "type", StreamFindingKind.ContentChanged },
        { "schema version", StreamFindingKind.ContentChanged },
        { "time", StreamFindingKind.ContentChanged },
        { "id", StreamFindingKind.ContentChanged },
        { "stream", StreamFindingKind.ForeignEvent },
        { "content digest", StreamFindingKind.ContentChanged },
        { "chain hash", StreamFindingKind.LinkBroken },
        { "previous event", StreamFindingKind.WrongPreviousEvent },
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task An_untouched_stream_is_valid_and_its_computed_head_is_its_last_event(int count)
    {
        var events = StoredStream.Of(count);

        var verification = StreamVerifier.Verify(StoredStream.Id, events, StoredStream.HeadOf(events));

        verification.Finding.Should().BeNull();
        verification.IsValid.Should().BeTrue();
        verification.VerifiedEvents.Should().Be(count);
        verification.Head.Should().Be(StoredStream.HeadOf(events));
        (await StreamVerifier.VerifyAsync(
            StoredStream.Id, events.ToAsyncEnumerable(), cancellationToken: TestContext.Current.CancellationToken))
            .Should().Be(verification);
    }

    [Theory]
    [MemberData(nameof(ChangedParts))]
    [Trait("Row", "L02")]
    [Trait("Row", "L03")]
    public async Task A_changed_part_of_any_event_is_found_at_that_version(string part, StreamFindingKind kind)
    {
        for (var index = 0; index < 4; index++)
        {
            var events = StoredStream.Of(4);
            events[index] = Changed(events[index], part);

            var verification = StreamVerifier.Verify(StoredStream.Id, events);

            verification.IsValid.Should().BeFalse();
            (verification.Finding!.Kind, verification.Finding.Version.Value).Should().Be((kind, index + 1));
            verification.Finding.Expected.Should().NotBe(verification.Finding.Found);
            verification.VerifiedEvents.Should().Be(index);
            (await StreamVerifier.VerifyAsync(
                StoredStream.Id, events.ToAsyncEnumerable(), cancellationToken: TestContext.Current.CancellationToken))
                .Should().Be(verification);
        }
    }

    [Theory]
    [InlineData("payload")]
    [InlineData("metadata")]
    [InlineData("type")]
    [InlineData("schema version")]
    [InlineData("time")]
    [InlineData("id")]
    [InlineData("stream")]
    [Trait("Row", "L02")]
    public void A_changed_event_does_not_fit_its_own_content_digest(string part)
    {
        var stored = StoredStream.Of(1)[0];

        ContentDigest.Compute(stored).Should().Be(stored.ContentDigest);
        ContentDigest.Compute(Changed(stored, part)).Should().NotBe(stored.ContentDigest);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_forger_who_fixes_the_content_digest_is_found_by_the_link()
    {
        var events = StoredStream.Of(4);
        var changed = Changed(events[1], "payload");
        events[1] = changed with { ContentDigest = ContentDigest.Compute(changed) };

        AssertFinding(events, StreamFindingKind.LinkBroken, 2);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_forger_who_fixes_the_link_as_well_is_found_at_the_next_event()
    {
        var events = StoredStream.Of(4);
        events[1] = StoredStream.Linked(Changed(events[1], "payload"), StoredStream.HeadOf(events[..1]));

        AssertFinding(events, StreamFindingKind.LinkBroken, 3);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_forger_who_rewrites_everything_behind_is_found_by_the_remembered_head()
    {
        var events = StoredStream.Of(4);
        var remembered = StoredStream.HeadOf(events);
        events[1] = Changed(events[1], "payload");
        for (var i = 1; i < events.Length; i++)
        {
            events[i] = StoredStream.Linked(events[i], StoredStream.HeadOf(events[..i]));
        }

        StreamVerifier.Verify(StoredStream.Id, events).IsValid.Should().BeTrue("the stream alone cannot tell");
        AssertFinding(events, StreamFindingKind.HistoryReplaced, 4, remembered);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_removed_event_is_found_where_it_is_missing()
    {
        var events = StoredStream.Of(4);

        AssertFinding([events[0], events[2], events[3]], StreamFindingKind.MissingEvent, 2);
        AssertFinding(events[1..], StreamFindingKind.MissingEvent, 1);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_removed_event_is_found_when_the_others_are_numbered_anew()
    {
        var events = StoredStream.Of(4);

        AssertFinding(
            [events[0], events[2] with { Version = 2 }, events[3] with { Version = 3 }],
            StreamFindingKind.WrongPreviousEvent,
            2);
        AssertFinding(
            [events[0], events[2] with { Version = 2, PreviousEventId = events[0].Id }],
            StreamFindingKind.LinkBroken,
            2);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void Swapped_events_are_found()
    {
        var events = StoredStream.Of(4);

        AssertFinding([events[0], events[2], events[1], events[3]], StreamFindingKind.MissingEvent, 2);
        AssertFinding(
            [events[0], events[2] with { Version = 2 }, events[1] with { Version = 3 }, events[3]],
            StreamFindingKind.WrongPreviousEvent,
            2);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_duplicated_event_is_found()
    {
        var events = StoredStream.Of(4);

        AssertFinding([events[0], events[1], events[1], events[2]], StreamFindingKind.RepeatedVersion, 2);
        AssertFinding(
            [events[0], events[1], events[1] with { Version = 3 }, events[2] with { Version = 4 }],
            StreamFindingKind.WrongPreviousEvent,
            3);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void An_inserted_event_is_found()
    {
        var events = StoredStream.Of(4);
        var forged = StoredStream.Linked(
            EventEnvelope.Create(StoredStream.Id, "ItemAdded", "{}"u8.ToArray()) with { Version = 3 },
            StoredStream.HeadOf(events[..2]));

        AssertFinding(
            [events[0], events[1], forged, events[2] with { Version = 4 }], StreamFindingKind.WrongPreviousEvent, 4);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void Events_of_another_stream_are_found()
    {
        var events = StoredStream.Of(3);
        var other = StoredStream.Of(3, new StreamId("order", "2"));

        AssertFinding([events[0], other[1], events[2]], StreamFindingKind.ForeignEvent, 2);
        AssertFinding(other, StreamFindingKind.ForeignEvent, 1);
        AssertFinding(
            [.. other.Select(envelope => envelope with { StreamId = StoredStream.Id })],
            StreamFindingKind.ContentChanged,
            1);
    }

    [Fact]
    [Trait("Row", "L03")]
    public void A_tail_that_was_cut_off_is_found_by_the_remembered_head_only()
    {
        var events = StoredStream.Of(4);

        StreamVerifier.Verify(StoredStream.Id, events[..2]).IsValid.Should().BeTrue("the stream alone cannot tell");
        AssertFinding(events[..2], StreamFindingKind.TailMissing, 3, StoredStream.HeadOf(events));
        AssertFinding([], StreamFindingKind.TailMissing, 1, StoredStream.HeadOf(events));
    }

    [Fact]
    public void A_stream_that_grew_behind_the_remembered_head_is_valid()
    {
        var events = StoredStream.Of(5);

        StreamVerifier.Verify(StoredStream.Id, events, StoredStream.HeadOf(events[..3])).IsValid.Should().BeTrue();
        StreamVerifier.Verify(StoredStream.Id, events, StreamHead.Empty(StoredStream.Id)).IsValid.Should().BeTrue();
    }

    [Fact]
    public void The_head_of_a_failed_verification_is_the_end_of_what_was_proved()
    {
        var events = StoredStream.Of(4);
        events[2] = Changed(events[2], "payload");

        StreamVerifier.Verify(StoredStream.Id, events).Head.Should().Be(StoredStream.HeadOf(events[..2]));
    }

    [Fact]
    public void A_finding_is_one_line_that_names_the_version() =>
        new StreamFinding(StreamFindingKind.MissingEvent, new StreamVersion(2), "version 2", "version 3").ToString()
            .Should().Be("version 2: MissingEvent (expected version 2, found version 3)");

    [Fact]
    public async Task Wrong_calls_are_refused()
    {
        var foreign = StreamHead.Empty(new StreamId("order", "2"));
        var token = TestContext.Current.CancellationToken;

        Assert.Throws<ArgumentNullException>(() => StreamVerifier.Verify(null!, []));
        Assert.Throws<ArgumentNullException>(() => StreamVerifier.Verify(StoredStream.Id, null!));
        Assert.Throws<ArgumentException>(() => StreamVerifier.Verify(StoredStream.Id, [], foreign));
        await Assert.ThrowsAsync<ArgumentNullException>(
            () => StreamVerifier.VerifyAsync(StoredStream.Id, null!, cancellationToken: token));
    }

    private static void AssertFinding(
        EventEnvelope[] events, StreamFindingKind kind, long version, StreamHead? remembered = null)
    {
        var finding = StreamVerifier.Verify(StoredStream.Id, events, remembered).Finding;
        (finding?.Kind, finding?.Version.Value).Should().Be((kind, version));
    }

    private static EventEnvelope Changed(EventEnvelope envelope, string part) => part switch
    {
        "payload" => envelope with { PayloadUtf8 = """{"quantity":-1}"""u8.ToArray() },
        "metadata" => envelope with { MetadataUtf8 = """{"actor":"mallory"}"""u8.ToArray() },
        "type" => envelope with { EventType = "ItemRemoved" },
        "schema version" => envelope with { SchemaVersion = 2 },
        "time" => envelope with { OccurredAt = envelope.OccurredAt.AddMicroseconds(-1) },
        "id" => envelope with { Id = Guid.CreateVersion7() },
        "stream" => envelope with { StreamId = new StreamId("order", "2") },
        "content digest" => envelope with { ContentDigest = OtherDigest },
        "chain hash" => envelope with { ChainHash = OtherDigest },
        "previous event" => envelope with { PreviousEventId = Guid.CreateVersion7() },
        _ => throw new ArgumentOutOfRangeException(nameof(part)),
    };
}
