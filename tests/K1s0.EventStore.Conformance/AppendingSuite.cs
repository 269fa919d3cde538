namespace K1s0.EventStore.Conformance;

/// <summary>Appending to one stream: versions, the answer, all or none.</summary>
public abstract class AppendingSuite : ConformanceSuite
{
    [Fact]
    public async Task The_first_event_of_a_stream_has_version_one()
    {
        var stream = NewStream();

        await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);

        (await LoadAsync(stream)).Should().ContainSingle().Which.Version.Should().Be(1);
    }

    [Fact]
    public async Task Versions_are_dense_over_several_appends()
    {
        var stream = NewStream();
        EventEnvelope[] events = [.. SomeEvents(stream, 6)];

        await Store.AppendAsync(stream, events[..1], cancellationToken: Cancellation);
        await Store.AppendAsync(stream, events[1..4], cancellationToken: Cancellation);
        await Store.AppendAsync(stream, events[4..], cancellationToken: Cancellation);

        (await LoadAsync(stream)).Should().Equal(Numbered(events));
    }

    [Fact]
    public async Task The_version_that_an_envelope_claims_before_it_is_stored_is_not_looked_at()
    {
        var stream = NewStream();

        await Store.AppendAsync(stream, [AnEvent(stream) with { Version = 17 }], cancellationToken: Cancellation);

        (await LoadAsync(stream)).Should().ContainSingle().Which.Version.Should().Be(1);
    }

    [Fact]
    public async Task What_the_store_adds_is_given_by_the_store_alone()
    {
        var (stream, other) = (NewStream(), await StreamWithAsync(2));
        var foreign = (await LoadAsync(other))[1];
        var claimed = AnEvent(stream) with
        {
            Position = foreign.Position,
            RecordedAt = foreign.RecordedAt.AddDays(-400),
            PreviousEventId = foreign.PreviousEventId,
            ContentDigest = foreign.ContentDigest,
            ChainHash = foreign.ChainHash,
        };

        await Store.AppendAsync(stream, [claimed], cancellationToken: Cancellation);

        var stored = (await LoadAsync(stream)).Should().ContainSingle().Subject;
        stored.Position.Should().BeGreaterThan(foreign.Position);
        stored.RecordedAt.Should().NotBe(claimed.RecordedAt);
        stored.PreviousEventId.Should().Be(Guid.Empty);
        stored.ContentDigest.Should().NotBe(foreign.ContentDigest);
        stored.ChainHash.Should().NotBe(foreign.ChainHash);
    }

    [Fact]
    [Trait("Row", "K12")]
    public async Task An_append_returns_the_version_of_the_last_event_and_the_places_of_the_first_and_the_last()
    {
        var stream = await StreamWithAsync(2);

        var result = await Store.AppendAsync(stream, SomeEvents(stream, 3), cancellationToken: Cancellation);

        var stored = (await LoadAsync(stream)).Skip(2).ToArray();
        result.Should().Be(new AppendResult
        {
            StreamId = stream,
            Version = new StreamVersion(5),
            FirstPosition = stored[0].Position,
            LastPosition = stored[^1].Position,
            RecordedAt = stored[^1].RecordedAt,
            WasRepeated = false,
        });
    }

    [Fact]
    [Trait("Row", "K12")]
    public async Task An_empty_append_returns_the_version_of_the_stream_and_writes_nothing()
    {
        var stream = await StreamWithAsync(2);
        var before = await StateAsync(stream);

        var result = await Store.AppendAsync(stream, [], expectedVersion: 2, Cancellation);

        result.Should().Be(new AppendResult { StreamId = stream, Version = new StreamVersion(2) });
        AssertSame(await StateAsync(stream), before);
    }

    [Fact]
    public async Task An_empty_append_to_no_stream_does_not_make_one()
    {
        var stream = NewStream();

        var result = await Store.AppendAsync(stream, [], expectedVersion: 0, Cancellation);

        result.Version.Should().Be(StreamVersion.None);
        (await Store.ExistsAsync(stream, Cancellation)).Should().BeFalse();
    }

    [Fact]
    [Trait("Row", "K02")]
    public async Task An_empty_append_checks_the_expectation()
    {
        var stream = await StreamWithAsync(2);

        var conflict = await RefusedAsync<ConcurrencyException>(
            () => Store.AppendAsync(stream, [], expectedVersion: 1, Cancellation), stream);

        (conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((1, 2));
    }

    [Fact]
    public async Task Positions_grow_along_the_stream()
    {
        var stream = await StreamWithAsync(3);
        await Store.AppendAsync(stream, SomeEvents(stream, 3), cancellationToken: Cancellation);

        (await LoadAsync(stream)).Select(envelope => envelope.Position).Should().OnlyHaveUniqueItems()
            .And.BeInAscendingOrder();
    }

    [Fact]
    public async Task Streams_that_differ_only_in_case_or_in_where_the_hyphen_is_are_different()
    {
        StreamId[] streams =
        [
            new("order", $"{TestKey}-a"),
            new("Order", $"{TestKey}-a"),
            new("order", $"{TestKey}-A"),
            new($"order-{TestKey}", "a"),
        ];

        foreach (var stream in streams)
        {
            await Store.AppendAsync(stream, [AnEvent(stream)], expectedVersion: 0, Cancellation);
        }

        foreach (var stream in streams)
        {
            (await LoadAsync(stream)).Should().ContainSingle().Which.StreamId.Should().Be(stream);
        }
    }

    [Theory]
    [InlineData("日本語", "注文-１")]
    [InlineData("it's", "a\"quoted\" \\ name; drop table events --")]
    [InlineData("e\u0301", "\u00e9")]
    [InlineData("😀", " leading and trailing ")]
    [InlineData("%_", "{}[]()$1?")]
    public async Task Odd_stream_names_are_kept_as_they_are(string aggregateType, string aggregateId)
    {
        var stream = new StreamId(aggregateType, aggregateId + TestKey);
        var envelope = AnEvent(stream, type: aggregateType);

        await Store.AppendAsync(stream, [envelope], expectedVersion: 0, Cancellation);

        (await LoadAsync(stream)).Should().Equal(Numbered([envelope]));
        (await Store.ExistsAsync(stream, Cancellation)).Should().BeTrue();
    }

    [Fact]
    public async Task The_longest_names_are_kept()
    {
        var stream = new StreamId(
            new string('t', StreamId.MaxAggregateTypeBytes), TestKey.PadRight(StreamId.MaxAggregateIdBytes, 'i'));
        var envelope = AnEvent(stream, type: new string('e', 255));

        await Store.AppendAsync(stream, [envelope], expectedVersion: 0, Cancellation);

        (await LoadAsync(stream)).Should().Equal(Numbered([envelope]));
    }

    [Fact]
    public async Task The_sequence_of_events_is_enumerated_once()
    {
        var (stream, enumerations) = (NewStream(), 0);

        await Store.AppendAsync(stream, Events(), cancellationToken: Cancellation);

        enumerations.Should().Be(1);
        (await LoadAsync(stream)).Should().HaveCount(2);

        IEnumerable<EventEnvelope> Events()
        {
            enumerations++;
            yield return AnEvent(stream);
            yield return AnEvent(stream);
        }
    }

    [Fact]
    public async Task A_sequence_that_throws_half_way_leaves_nothing()
    {
        var stream = NewStream();

        await RefusedAsync<InvalidTimeZoneException>(
            () => Store.AppendAsync(stream, Events(), cancellationToken: Cancellation), stream);

        IEnumerable<EventEnvelope> Events()
        {
            yield return AnEvent(stream);
            throw new InvalidTimeZoneException("thrown by the caller's sequence");
        }
    }

    [Fact]
    public async Task Memory_that_the_caller_overwrites_after_the_append_does_not_change_the_store()
    {
        var stream = NewStream();
        byte[] payload = [.. "[1]"u8];
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var envelope = new EventEnvelope(
            Guid.CreateVersion7(), stream, 0, "ItemAdded", payload, "{}"u8.ToArray(), time);

        await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);
        payload[1] = (byte)'2';

        (await LoadAsync(stream))[0].PayloadUtf8.ToArray().Should().Equal("[1]"u8.ToArray());
    }
}
