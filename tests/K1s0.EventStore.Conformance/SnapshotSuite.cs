using System.Globalization;
using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Conformance;

/// <summary>Snapshots: the latest one of each stream, as a copy.</summary>
public abstract class SnapshotSuite : ConformanceSuite
{
    [Fact]
    [Trait("Row", "K05")]
    public async Task The_latest_snapshot_comes_back_with_stream_version_and_state()
    {
        var stream = NewStream();

        await Snapshots.SaveAsync(stream, 3, AnOrder(), Cancellation);

        var snapshot = await Snapshots.LoadLatestAsync<OrderState>(stream, Cancellation);
        (snapshot!.StreamId, snapshot.Version).Should().Be((stream, 3));
        snapshot.State.Should().BeEquivalentTo(AnOrder());
    }

    [Fact]
    [Trait("Row", "K05")]
    public async Task A_stream_without_a_snapshot_has_none()
    {
        var stream = await StreamWithAsync(2);

        (await Snapshots.LoadLatestAsync<OrderState>(stream, Cancellation)).Should().BeNull();
        (await Snapshots.LoadLatestAsync<int>(stream, Cancellation)).Should().BeNull();
    }

    [Fact]
    [Trait("Row", "K05")]
    public async Task A_later_snapshot_replaces_an_earlier_one_and_not_the_other_way_round()
    {
        var stream = NewStream();
        await Snapshots.SaveAsync(stream, 5, "five", Cancellation);
        await Snapshots.SaveAsync(stream, 9, "nine", Cancellation);

        await Snapshots.SaveAsync(stream, 7, "seven", Cancellation);

        var snapshot = await Snapshots.LoadLatestAsync<string>(stream, Cancellation);
        (snapshot!.Version, snapshot.State).Should().Be((9, "nine"));
    }

    [Fact]
    public async Task A_snapshot_of_the_same_version_replaces_the_one_before()
    {
        var stream = NewStream();
        await Snapshots.SaveAsync(stream, 5, "first", Cancellation);

        await Snapshots.SaveAsync(stream, 5, "second", Cancellation);

        (await Snapshots.LoadLatestAsync<string>(stream, Cancellation))!.State.Should().Be("second");
    }

    [Fact]
    [Trait("Row", "K05")]
    public async Task What_is_kept_is_a_copy_that_later_changes_do_not_reach()
    {
        var stream = NewStream();
        var order = AnOrder();
        await Snapshots.SaveAsync(stream, 1, order, Cancellation);
        order.Lines.Add("added after saving");

        var first = await Snapshots.LoadLatestAsync<OrderState>(stream, Cancellation);
        first!.State.Lines.Add("added after loading");

        (await Snapshots.LoadLatestAsync<OrderState>(stream, Cancellation))!.State.Should().BeEquivalentTo(AnOrder());
    }

    [Fact]
    public async Task Streams_have_snapshots_of_their_own()
    {
        StreamId[] streams = [NewStream(), NewStream(), new("Order", NewStream().AggregateId)];
        for (var i = 0; i < streams.Length; i++)
        {
            await Snapshots.SaveAsync(streams[i], i + 1, i, Cancellation);
        }

        for (var i = 0; i < streams.Length; i++)
        {
            var snapshot = await Snapshots.LoadLatestAsync<int>(streams[i], Cancellation);
            (snapshot!.Version, snapshot.State).Should().Be((i + 1, i));
        }
    }

    [Fact]
    [Trait("Row", "K05")]
    public async Task States_of_one_stream_have_snapshots_of_their_own_by_name()
    {
        var stream = NewStream();
        string[] names = ["order", "Order", "日本 totals", string.Empty];
        for (var i = 0; i < names.Length; i++)
        {
            await Snapshots.SaveAsync(stream, names[i], 10 - i, $"state {i}", Cancellation);
        }

        for (var i = 0; i < names.Length; i++)
        {
            var snapshot = await Snapshots.LoadLatestAsync<string>(stream, names[i], Cancellation);
            (snapshot!.StateName, snapshot.Version, snapshot.State).Should().Be((names[i], 10 - i, $"state {i}"));
        }

        (await Snapshots.LoadLatestAsync<string>(stream, Cancellation))!.State.Should().Be("state 3", "it has no name");
        (await Snapshots.LoadLatestAsync<string>(stream, "another", Cancellation)).Should().BeNull();
        foreach (var refused in new[] { new string('a', 256), "a\nb", "\ud800" })
        {
            await Assert.ThrowsAsync<ArgumentException>(
                () => Snapshots.SaveAsync(stream, refused, 1, "state", Cancellation));
            await Assert.ThrowsAsync<ArgumentException>(
                () => Snapshots.LoadLatestAsync<string>(stream, refused, Cancellation));
        }
    }

    [Fact]
    public async Task A_frame_that_is_kept_as_another_state_or_version_is_not_taken_for_that()
    {
        var stream = NewStream();
        var head = await Streams.GetHeadAsync(await StreamWithAsync(3), Cancellation);
        var frame = SnapshotFrame.Pack(
            "total", 2, head.Version, head.ChainHash, "7"u8, CompressionCodecs.OfSystem.Preferred);
        await Snapshots.SaveAsync(stream, "total", 3, frame, Cancellation);
        await Snapshots.SaveAsync(stream, "other", 3, frame, Cancellation);
        await Snapshots.SaveAsync(stream, 4, frame, Cancellation);

        var total = await Snapshots.LoadLatestAsync<int>(stream, "total", Cancellation);
        var other = await Assert.ThrowsAsync<InvalidFormatException>(
            () => Snapshots.LoadLatestAsync<int>(stream, "other", Cancellation));
        var late = await Assert.ThrowsAsync<InvalidFormatException>(
            () => Snapshots.LoadLatestAsync<int>(stream, Cancellation));

        (total!.State, total.StateVersion).Should().Be((7, 2));
        other.Message.Should().Contain("total").And.Contain("other");
        late.Message.Should().Contain("version 3").And.Contain("version 4");
        (await Snapshots.LoadLatestAsync<SnapshotFrame>(stream, "other", Cancellation))!.State.StateName
            .Should().Be("total", "who asks for the frame looks for himself");
    }

    [Fact]
    public async Task A_snapshot_writes_no_event()
    {
        var stream = await StreamWithAsync(2);
        var before = await StateAsync(stream);

        await Snapshots.SaveAsync(stream, 2, AnOrder(), Cancellation);

        AssertSame(await StateAsync(stream), before);
    }

    [Fact]
    public async Task The_highest_version_there_can_be_is_kept()
    {
        var stream = NewStream();

        await Snapshots.SaveAsync(stream, long.MaxValue, "last", Cancellation);

        (await Snapshots.LoadLatestAsync<string>(stream, Cancellation))!.Version.Should().Be(long.MaxValue);
    }

    [Fact]
    public async Task Another_instance_loads_what_was_saved()
    {
        var stream = NewStream();
        await Snapshots.SaveAsync(stream, 4, AnOrder(), Cancellation);
        await using var another = await Backend.OpenAnotherAsync();

        var snapshot = await another.Snapshots.LoadLatestAsync<OrderState>(stream, Cancellation);

        snapshot!.State.Should().BeEquivalentTo(AnOrder());
    }

    [Fact]
    public async Task Of_snapshots_that_race_the_one_of_the_highest_version_stays()
    {
        var stream = NewStream();

        await Task.WhenAll(Enumerable.Range(1, 16).Select(version => Task.Run(
            () => Snapshots.SaveAsync(stream, version, version.ToString(CultureInfo.InvariantCulture), Cancellation),
            Cancellation)));

        var snapshot = await Snapshots.LoadLatestAsync<string>(stream, Cancellation);
        (snapshot!.Version, snapshot.State).Should().Be((16, "16"));
    }

    [Fact]
    [Trait("Row", "K05")]
    public async Task The_events_behind_a_snapshot_can_be_loaded_from_its_version_on()
    {
        var stream = await StreamWithAsync(3);
        await Snapshots.SaveAsync(stream, 3, AnOrder(), Cancellation);
        await Store.AppendAsync(stream, SomeEvents(stream, 2), cancellationToken: Cancellation);

        var snapshot = await Snapshots.LoadLatestAsync<OrderState>(stream, Cancellation);
        var delta = await Store.LoadAsync(stream, snapshot!.Version + 1, cancellationToken: Cancellation);

        delta.Select(envelope => envelope.Version).Should().Equal(4, 5);
    }

    private static OrderState AnOrder() => new()
    {
        Customer = "日本 \u0000 \"quoted\"",
        Total = 12.3400m,
        ShippedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(9)),
        Lines = ["one", "two"],
    };
}
