namespace K1s0.EventStore.Conformance;

/// <summary>Wrong calls: an <see cref="ArgumentException"/> that names the parameter, and nothing is written.</summary>
public abstract class ArgumentSuite : ConformanceSuite
{
    public static TheoryData<string?> BadNames =>
        new((string?)null, "", "a\nb", "\u0000", new string('n', 256), new string('日', 86));

    [Fact]
    public async Task Appending_to_null_is_refused()
    {
        var stream = NewStream();

        await Assert.ThrowsAsync<ArgumentNullException>(
            () => Store.AppendAsync(null!, [AnEvent(stream)], cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentNullException>(
            () => Appender.AppendAsync(null!, [AnEvent(stream)], ExpectedVersion.Any, Cancellation));
        (await Store.ExistsAsync(stream, Cancellation)).Should().BeFalse();
    }

    [Fact]
    public async Task Appending_null_is_refused()
    {
        var stream = await StreamWithAsync(1);

        await RefusedAsync<ArgumentNullException>(
            () => Store.AppendAsync(stream, null!, cancellationToken: Cancellation), stream);
        await RefusedAsync<ArgumentNullException>(
            () => Store.AppendAsync(stream, [AnEvent(stream), null!], cancellationToken: Cancellation), stream);
        await RefusedAsync<ArgumentNullException>(
            () => Appender.AppendAsync(stream, null!, ExpectedVersion.Any, Cancellation), stream);
    }

    [Fact]
    public async Task Appending_null_to_several_streams_is_refused()
    {
        var stream = NewStream();
        var good = new StreamAppend(stream, [AnEvent(stream)]);

        await RefusedAsync<ArgumentException>(() => Appender.AppendAsync(null!, Cancellation), stream);
        await RefusedAsync<ArgumentException>(() => Appender.AppendAsync([good, null!], Cancellation), stream);
        await RefusedAsync<ArgumentException>(
            () => Appender.AppendAsync([good, good with { StreamId = null! }], Cancellation), stream);
        await RefusedAsync<ArgumentException>(
            () => Appender.AppendAsync([good, new(NewStream(), null!)], Cancellation), stream);
        await RefusedAsync<ArgumentException>(
            () => Appender.AppendAsync([good, new(NewStream(), [null!])], Cancellation), stream);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public async Task A_negative_expected_version_is_refused(long expected)
    {
        var stream = await StreamWithAsync(1);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Store.AppendAsync(stream, [AnEvent(stream)], expected, Cancellation), stream);
    }

    [Fact]
    public async Task An_envelope_with_a_negative_version_is_refused()
    {
        var stream = await StreamWithAsync(1);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Store.AppendAsync(stream, [AnEvent(stream) with { Version = -1 }], cancellationToken: Cancellation),
            stream);
    }

    [Fact]
    public async Task An_event_of_another_stream_is_refused()
    {
        var (stream, other) = (await StreamWithAsync(1), await StreamWithAsync(1));

        await RefusedAsync<ArgumentException>(
            () => Store.AppendAsync(stream, [AnEvent(stream), AnEvent(other)], cancellationToken: Cancellation),
            stream,
            other);
        await RefusedAsync<ArgumentException>(
            () => Appender.AppendAsync([new(other, [AnEvent(other)]), new(stream, [AnEvent(other)])], Cancellation),
            stream,
            other);
    }

    [Fact]
    public async Task An_event_of_no_stream_is_refused()
    {
        var stream = await StreamWithAsync(1);

        await RefusedAsync<ArgumentException>(
            () => Store.AppendAsync(
                stream, [AnEvent(stream) with { StreamId = null! }], cancellationToken: Cancellation),
            stream);
    }

    [Theory]
    [InlineData(-1, null)]
    [InlineData(long.MinValue, null)]
    [InlineData(0, -1L)]
    [InlineData(0, long.MinValue)]
    public async Task Loading_a_range_of_negative_versions_is_refused(long from, long? to) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Store.LoadAsync(NewStream(), from, to, Cancellation));

    [Fact]
    public async Task Reading_null_is_refused_before_the_sequence_starts()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => Store.LoadAsync(null!, cancellationToken: Cancellation));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Store.ExistsAsync(null!, Cancellation));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Streams.GetHeadAsync(null!, Cancellation));
        Assert.Throws<ArgumentNullException>(
            () => { _ = Streams.ReadStreamAsync(null!, cancellationToken: Cancellation); });
    }

    [Fact]
    public async Task Bad_snapshots_are_refused()
    {
        var stream = NewStream();

        await Assert.ThrowsAsync<ArgumentNullException>(() => Snapshots.SaveAsync(null!, 1, "state", Cancellation));
        await Assert.ThrowsAsync<ArgumentNullException>(
            () => Snapshots.SaveAsync<string>(stream, 1, null!, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Snapshots.SaveAsync(stream, 0, "state", Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => Snapshots.SaveAsync(stream, -1, "state", Cancellation));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Snapshots.LoadLatestAsync<string>(null!, Cancellation));
        (await Snapshots.LoadLatestAsync<string>(stream, Cancellation)).Should().BeNull();
    }

    [Theory]
    [MemberData(nameof(BadNames))]
    public async Task Bad_names_of_consumers_and_owners_are_refused(string? name)
    {
        var claim = await Checkpoints.ClaimAsync(TestKey, "owner", Cancellation);

        await Assert.ThrowsAnyAsync<ArgumentException>(() => Checkpoints.ClaimAsync(name!, "owner", Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Checkpoints.ClaimAsync(TestKey, name!, Cancellation));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Checkpoints.LoadAsync(name!, Cancellation));

        // A refused claim takes nothing over: the earlier one may still write.
        var start = new Checkpoint(Position.Start, await Feed.GetIdentityAsync(Cancellation));
        (await Checkpoints.SaveAsync(claim, start, Cancellation)).Epoch.Should().Be(claim.Epoch);
    }

    // Not a member of the list above: a lone surrogate does not survive as an argument of a test.
    [Fact]
    public async Task Names_with_a_lone_surrogate_are_refused() =>
        await Bad_names_of_consumers_and_owners_are_refused("a\ud800");

    [Fact]
    public async Task Saving_a_checkpoint_of_null_is_refused()
    {
        var claim = await Checkpoints.ClaimAsync(TestKey, "owner", Cancellation);
        var checkpoint = new Checkpoint(Position.Start, await Feed.GetIdentityAsync(Cancellation));

        await Assert.ThrowsAsync<ArgumentNullException>(() => Checkpoints.SaveAsync(null!, checkpoint, Cancellation));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Checkpoints.SaveAsync(claim, null!, Cancellation));
        (await Checkpoints.LoadAsync(TestKey, Cancellation)).Should().BeNull();
    }
}
