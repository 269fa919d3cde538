namespace K1s0.EventStore.Conformance;

/// <summary>Optimistic concurrency: every expectation in every state of a stream.</summary>
public abstract class ExpectedVersionSuite : ConformanceSuite
{
    public static TheoryData<int, Expectation> Accepted => new()
    {
        { 0, Expectation.Any },
        { 0, Expectation.NoStream },
        { 0, Expectation.Exactly(0) },
        { 1, Expectation.Any },
        { 1, Expectation.StreamExists },
        { 1, Expectation.Exactly(1) },
        { 3, Expectation.Any },
        { 3, Expectation.StreamExists },
        { 3, Expectation.Exactly(3) },
    };

    // Events in the stream, the expectation, and the expected version that the conflict must name.
    public static TheoryData<int, Expectation, long> Refused => new()
    {
        { 0, Expectation.StreamExists, 1 },
        { 0, Expectation.Exactly(1), 1 },
        { 0, Expectation.Exactly(long.MaxValue), long.MaxValue },
        { 1, Expectation.NoStream, 0 },
        { 1, Expectation.Exactly(0), 0 },
        { 1, Expectation.Exactly(2), 2 },
        { 3, Expectation.NoStream, 0 },
        { 3, Expectation.Exactly(2), 2 },
        { 3, Expectation.Exactly(4), 4 },
        { 3, Expectation.Exactly(long.MaxValue), long.MaxValue },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    [Trait("Row", "K02")]
    public async Task An_append_whose_expectation_holds_is_stored(int count, Expectation expectation)
    {
        var stream = await StreamWithAsync(count);
        var envelope = AnEvent(stream);

        var result = await Appender.AppendAsync(stream, [envelope], expectation.Value, Cancellation);

        result.Version.Value.Should().Be(count + 1);
        (await LoadAsync(stream))[^1].Should().Be(envelope with { Version = count + 1 });
    }

    [Theory]
    [MemberData(nameof(Refused))]
    [Trait("Row", "K02")]
    public async Task An_append_whose_expectation_does_not_hold_is_refused_and_leaves_no_trace(
        int count, Expectation expectation, long expectedVersion)
    {
        var stream = await StreamWithAsync(count);

        var conflict = await RefusedAsync<ConcurrencyException>(
            () => Appender.AppendAsync(stream, SomeEvents(stream, 2), expectation.Value, Cancellation), stream);

        conflict.ExpectedVersion.Should().Be(expectedVersion);
        conflict.ActualVersion.Should().Be(count);
        conflict.StreamId.Should().Be(stream);
        conflict.IsTransient.Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Refused))]
    [Trait("Row", "K02")]
    public async Task An_empty_append_whose_expectation_does_not_hold_is_refused(
        int count, Expectation expectation, long expectedVersion)
    {
        var stream = await StreamWithAsync(count);

        var conflict = await RefusedAsync<ConcurrencyException>(
            () => Appender.AppendAsync(stream, [], expectation.Value, Cancellation), stream);

        (conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((expectedVersion, count));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(0, 0L)]
    [InlineData(2, null)]
    [InlineData(2, 2L)]
    [Trait("Row", "K02")]
    public async Task The_plain_method_takes_null_for_any_version_and_a_number_for_exactly_that(
        int count, long? expected)
    {
        var stream = await StreamWithAsync(count);

        await Store.AppendAsync(stream, [AnEvent(stream)], expected, Cancellation);

        (await LoadAsync(stream)).Should().HaveCount(count + 1);
    }

    [Theory]
    [InlineData(0, 1L)]
    [InlineData(2, 0L)]
    [InlineData(2, 1L)]
    [InlineData(2, 3L)]
    [Trait("Row", "K02")]
    public async Task The_plain_method_refuses_another_number_with_the_expected_and_the_actual_version(
        int count, long expected)
    {
        var stream = await StreamWithAsync(count);

        var conflict = await RefusedAsync<ConcurrencyException>(
            () => Store.AppendAsync(stream, [AnEvent(stream)], expected, Cancellation), stream);

        (conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((expected, count));
    }

    [Fact]
    [Trait("Row", "K02")]
    public async Task Of_two_writers_that_loaded_the_same_version_the_second_is_refused_and_wins_after_loading_again()
    {
        var stream = await StreamWithAsync(1);
        await Store.AppendAsync(stream, [AnEvent(stream)], expectedVersion: 1, Cancellation);
        var second = AnEvent(stream);

        var conflict = await RefusedAsync<ConcurrencyException>(
            () => Store.AppendAsync(stream, [second], expectedVersion: 1, Cancellation), stream);
        await Store.AppendAsync(stream, [second], conflict.ActualVersion, Cancellation);

        (await LoadAsync(stream))[^1].Should().Be(second with { Version = 3 });
    }

    [Fact]
    public async Task The_ids_of_a_refused_append_are_free_to_be_used_again()
    {
        var stream = await StreamWithAsync(1);
        var envelope = AnEvent(stream);
        await RefusedAsync<ConcurrencyException>(
            () => Store.AppendAsync(stream, [envelope], expectedVersion: 0, Cancellation), stream);

        var result = await Store.AppendAsync(
            stream, [envelope with { PayloadUtf8 = "[2]"u8.ToArray() }], expectedVersion: 1, Cancellation);

        result.WasRepeated.Should().BeFalse();
        (await LoadAsync(stream))[^1].PayloadUtf8.ToArray().Should().Equal("[2]"u8.ToArray());
    }
}
