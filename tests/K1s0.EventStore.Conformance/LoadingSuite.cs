namespace K1s0.EventStore.Conformance;

/// <summary>Loading a stream or a range of its versions; whether it exists; its head.</summary>
public abstract class LoadingSuite : ConformanceSuite
{
    [Theory]
    [InlineData(0, null, 1, 5)]
    [InlineData(1, null, 1, 5)]
    [InlineData(2, null, 2, 5)]
    [InlineData(5, null, 5, 5)]
    [InlineData(0, 5L, 1, 5)]
    [InlineData(0, 3L, 1, 3)]
    [InlineData(2, 4L, 2, 4)]
    [InlineData(3, 3L, 3, 3)]
    [InlineData(4, 99L, 4, 5)]
    [InlineData(1, long.MaxValue, 1, 5)]
    [Trait("Row", "K03")]
    public async Task A_range_of_versions_is_loaded_in_order_with_both_ends(long from, long? to, int first, int last)
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 5);
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        var loaded = await Store.LoadAsync(stream, from, to, Cancellation);

        loaded.Should().Equal(Numbered(events)[(first - 1)..last]);
    }

    [Theory]
    [InlineData(6, null)]
    [InlineData(long.MaxValue, null)]
    [InlineData(0, 0L)]
    [InlineData(4, 3L)]
    [InlineData(5, 0L)]
    [InlineData(long.MaxValue, long.MaxValue)]
    [Trait("Row", "K03")]
    public async Task A_range_that_holds_no_event_is_empty(long from, long? to)
    {
        var stream = await StreamWithAsync(5);

        (await Store.LoadAsync(stream, from, to, Cancellation)).Should().BeEmpty();
    }

    [Fact]
    [Trait("Row", "K03")]
    public async Task A_stream_that_does_not_exist_is_empty() =>
        (await Store.LoadAsync(NewStream(), 0, null, Cancellation)).Should().BeEmpty();

    [Fact]
    public async Task A_loaded_list_does_not_change_when_events_follow()
    {
        var stream = await StreamWithAsync(2);
        var loaded = await LoadAsync(stream);

        await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);

        loaded.Should().HaveCount(2);
    }

    [Fact]
    public async Task A_stream_longer_than_any_page_is_loaded_whole()
    {
        var stream = NewStream();
        for (var i = 0; i < 3; i++)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, 1_000), expectedVersion: i * 1_000, Cancellation);
        }

        (await LoadAsync(stream)).Select(envelope => envelope.Version)
            .Should().Equal(Enumerable.Range(1, 3_000).Select(version => (long)version));
    }

    [Fact]
    [Trait("Row", "K04")]
    public async Task A_stream_exists_from_its_first_event_on()
    {
        var stream = NewStream();
        (await Store.ExistsAsync(stream, Cancellation)).Should().BeFalse();

        await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);

        (await Store.ExistsAsync(stream, Cancellation)).Should().BeTrue();
        (await Store.ExistsAsync(NewStream(), Cancellation)).Should().BeFalse();
    }

    [Fact]
    [Trait("Row", "K04")]
    public async Task A_stream_whose_only_append_was_refused_does_not_exist()
    {
        var stream = NewStream();

        await RefusedAsync<ConcurrencyException>(
            () => Store.AppendAsync(stream, [AnEvent(stream)], expectedVersion: 1, Cancellation), stream);

        (await Store.ExistsAsync(stream, Cancellation)).Should().BeFalse();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [Trait("Row", "K04")]
    public async Task The_head_names_version_last_event_and_chain_hash(int count)
    {
        var stream = await StreamWithAsync(count);

        var head = await Streams.GetHeadAsync(stream, Cancellation);

        var last = (await LoadAsync(stream))[^1];
        head.Should().Be(new StreamHead(stream, new StreamVersion(count), last.Id, last.ChainHash));
    }

    [Fact]
    [Trait("Row", "K04")]
    public async Task The_head_of_a_stream_that_does_not_exist_is_the_empty_one()
    {
        var stream = NewStream();

        (await Streams.GetHeadAsync(stream, Cancellation)).Should().Be(StreamHead.Empty(stream));
    }
}
