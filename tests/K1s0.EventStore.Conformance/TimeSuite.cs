using System.Globalization;

namespace K1s0.EventStore.Conformance;

/// <summary>Times are instants in whole microseconds, whatever the clock and the caller give.</summary>
public abstract class TimeSuite : ConformanceSuite
{
    [Theory]
    [InlineData("2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05.123456Z")]
    [InlineData("2026-01-02T03:04:05.9999999Z", "2026-01-02T03:04:05.999999Z")]
    [InlineData("2026-01-02T03:04:05.1234567+09:00", "2026-01-01T18:04:05.123456Z")]
    [InlineData("2026-01-01T23:59:59.9999999-12:00", "2026-01-02T11:59:59.999999Z")]
    [InlineData("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z")]
    [InlineData("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z")]
    [InlineData("1582-10-14T12:00:00.000001Z", "1582-10-14T12:00:00.000001Z")]
    [InlineData("0001-01-02T00:00:00Z", "0001-01-02T00:00:00Z")]
    [InlineData("9998-12-31T23:59:59.9999999Z", "9998-12-31T23:59:59.999999Z")]
    [Trait("PeerBug", "B26")]
    public async Task The_time_of_occurrence_comes_back_cut_to_microseconds(string given, string kept)
    {
        var stream = NewStream();
        var occurredAt = DateTimeOffset.Parse(given, CultureInfo.InvariantCulture);
        var expected = DateTimeOffset.Parse(kept, CultureInfo.InvariantCulture);

        await Store.AppendAsync(
            stream, [AnEvent(stream) with { OccurredAt = occurredAt }], cancellationToken: Cancellation);

        var loaded = (await LoadAsync(stream)).Should().ContainSingle().Subject;
        loaded.OccurredAt.UtcTicks.Should().Be(expected.UtcTicks);
        (await OwnFeedAsync(loaded.Position))
            .Should().ContainSingle().Which.OccurredAt.UtcTicks.Should().Be(expected.UtcTicks);
    }

    [Fact]
    public async Task The_same_instant_under_another_offset_is_the_same_content()
    {
        var stream = NewStream();
        var envelope = AnEvent(stream);
        var first = await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);
        var elsewhere = envelope with { OccurredAt = envelope.OccurredAt.ToOffset(TimeSpan.FromHours(-7)) };

        var repeated = await Store.AppendAsync(stream, [elsewhere], cancellationToken: Cancellation);

        repeated.Should().Be(first with { WasRepeated = true });
    }

    [Fact]
    [Trait("Row", "L01")]
    public async Task The_recorded_time_is_in_whole_microseconds_and_the_same_everywhere()
    {
        var stream = NewStream();

        var result = await Store.AppendAsync(stream, SomeEvents(stream, 3), cancellationToken: Cancellation);

        result.RecordedAt.Should().BeAfter(DateTimeOffset.UnixEpoch);
        (result.RecordedAt.UtcTicks % TimeSpan.TicksPerMicrosecond).Should().Be(0);
        (await LoadAsync(stream)).Should().OnlyContain(envelope => envelope.RecordedAt == result.RecordedAt);
        (await OwnFeedAsync(result.LastPosition))
            .Should().OnlyContain(envelope => envelope.RecordedAt == result.RecordedAt);
    }

    [Fact]
    public async Task The_time_of_a_snapshot_is_in_whole_microseconds()
    {
        var stream = NewStream();

        await Snapshots.SaveAsync(stream, 1, "state", Cancellation);

        var snapshot = await Snapshots.LoadLatestAsync<string>(stream, Cancellation);
        snapshot!.TakenAt.Should().BeAfter(DateTimeOffset.UnixEpoch);
        (snapshot.TakenAt.UtcTicks % TimeSpan.TicksPerMicrosecond).Should().Be(0);
    }

    protected override TimeProvider CreateTimeProvider() => new UnevenTime();

    // The true time, but never on a whole microsecond.
    private sealed class UnevenTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            var now = base.GetUtcNow();
            return now.AddTicks(7 - (now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }
}
