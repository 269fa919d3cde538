using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What is measured of a link, and what it is taken for.</summary>
public sealed class LinkMeterTests
{
    private const int Megabit = 1_000_000 / 8;

    private readonly LinkMeter _meter = new();
    private DateTimeOffset _now = Some.Noon;

    [Theory]
    [Trait("Row", "S12")]
    [InlineData(LinkState.Normal, 1, 1, true)]
    [InlineData(LinkState.Constrained, 1, 1, true)]
    [InlineData(LinkState.HighLatency, 1, 1, false)]
    [InlineData(LinkState.HighLatency, 100, 65_536, false)]
    [InlineData(LinkState.HighLatency, 101, 32_767, false)]
    [InlineData(LinkState.HighLatency, 101, 32_768, true)]
    [InlineData(LinkState.HighLatency, 2, 131_071, false)]
    [InlineData(LinkState.HighLatency, 2, 131_072, true)]
    [InlineData(LinkState.ConstrainedAndHighLatency, 100, 65_536, false)]
    public void Where_answers_are_late_a_batch_waits_for_more_than_a_hundred_events_as_far_as_the_peer_lets_it(
        LinkState link, int events, int bytes, bool isFull)
    {
        var strategy = new RoundStrategy(link, CriticalFirst: false, BatchBytes: 32_768, SliceBytes: 0);

        strategy.IsFull(events, bytes, peerWindow: 131_072).Should().Be(isFull);
    }

    [Fact]
    public void No_batch_waits_for_more_than_a_mebibyte() =>
        new RoundStrategy(LinkState.HighLatency, CriticalFirst: false, BatchBytes: 32_768, SliceBytes: 0)
            .IsFull(2, 1024 * 1024, peerWindow: int.MaxValue).Should().BeTrue();

    [Fact]
    [Trait("Row", "S12")]
    public void A_link_is_constrained_below_one_megabit_three_times_in_a_row_and_until_it_is_above_one_and_a_half()
    {
        Measure(0.9);
        Measure(0.9);
        _meter.Quality.State.Should().Be(LinkState.Normal, "two are not enough");
        Measure(1.1);
        Measure(0.9, after: TimeSpan.FromMinutes(2));
        Measure(0.9);
        _meter.Quality.State.Should().Be(LinkState.Normal, "they are not in a row");
        Measure(0.9);
        _meter.Quality.State.Should().Be(LinkState.Constrained);

        Measure(1.4);
        _meter.Quality.State.Should().Be(LinkState.Constrained, "between the two nothing changes");
        Measure(1.6);
        _meter.Quality.State.Should().Be(LinkState.Normal);
        Measure(1.4, after: TimeSpan.FromMinutes(2));
        _meter.Quality.State.Should().Be(LinkState.Normal);
    }

    [Fact]
    [Trait("Row", "S12")]
    public void A_link_has_high_latency_above_half_a_second_and_until_it_is_below_350_milliseconds()
    {
        Answer(501);
        _meter.Quality.State.Should().Be(LinkState.HighLatency);
        Answer(500, after: TimeSpan.FromMinutes(6));
        Answer(351, after: TimeSpan.FromMinutes(6));
        _meter.Quality.State.Should().Be(LinkState.HighLatency, "between the two nothing changes");
        Answer(349);
        _meter.Quality.State.Should().Be(LinkState.Normal);
        Answer(499, after: TimeSpan.FromMinutes(6));
        _meter.Quality.State.Should().Be(LinkState.Normal);
        Answer(600);
        _meter.Quality.State.Should().Be(LinkState.Normal, "the shortest of five minutes counts, not one that waited");
        _meter.Quality.RoundTripVariation.Should().BePositive();

        Answer(600, after: TimeSpan.FromMinutes(6));
        Measure(0.5, times: 3);
        _meter.Quality.State.Should().Be(LinkState.ConstrainedAndHighLatency);
    }

    [Fact]
    public void Sessions_that_fail_are_the_loss()
    {
        _meter.Ended(isWhole: true);
        _meter.Quality.Loss.Should().Be(0);
        for (var i = 0; i < 30; i++)
        {
            _meter.Ended(isWhole: i % 2 == 0);
        }

        _meter.Quality.Loss.Should().BeInRange(0.3, 0.7);
    }

    [Fact]
    public void What_is_decided_depends_on_the_measurements_and_the_time_alone_and_stays_in_its_limits()
    {
        var random = SeededRandom.Create();
        var again = new LinkMeter();
        var (options, states) = (new SyncOptions(), new HashSet<LinkState>());
        var (slow, before) = (0, _meter.Decide(options, _now));
        for (var i = 0; i < 20_000; i++)
        {
            _now += TimeSpan.FromSeconds(random.Next(200));
            var (kind, size) = (random.Next(10), Math.Pow(10, random.NextDouble() * 6));
            foreach (var meter in new[] { _meter, again })
            {
                Observe(meter, kind, size);
            }

            var decided = _meter.Decide(options, _now);
            decided.Should().Be(again.Decide(options, _now));
            states.Add(decided.State);
            slow = kind <= 4 ? (_meter.Quality.BytesPerSecond < Megabit ? slow + 1 : 0) : slow;
            var isConstrained = decided.State is LinkState.Constrained or LinkState.ConstrainedAndHighLatency;
            var wasConstrained = before.State is LinkState.Constrained or LinkState.ConstrainedAndHighLatency;
            (isConstrained && !wasConstrained && slow < 3).Should().BeFalse("it takes three");
            (!isConstrained && wasConstrained && _meter.Quality.BytesPerSecond <= 1.5 * Megabit).Should().BeFalse();
            decided.BatchBytes.Should().Match(bytes => bytes == 0 || (bytes >= 16 * 1024 && bytes <= 1024 * 1024));
            (decided.BatchBytes == 0).Should().Be(decided.State is LinkState.Normal or LinkState.Constrained);
            (decided.SliceBytes == 0).Should().Be(!isConstrained);
            decided.CriticalFirst.Should().Be(isConstrained, "nothing has been held back");
            before = decided;
        }

        states.Should().HaveCount(4);
    }

    [Fact]
    public void What_was_held_back_for_an_hour_goes_in_its_usual_order()
    {
        var options = new SyncOptions();
        Measure(0.5, times: 3);
        _meter.Decide(options, _now).CriticalFirst.Should().BeTrue();
        _meter.RoundEnded(heldBack: true, _now);
        _meter.RoundEnded(heldBack: true, _now + TimeSpan.FromMinutes(50));

        _meter.Decide(options, _now + TimeSpan.FromMinutes(59)).CriticalFirst.Should().BeTrue();
        _meter.Decide(options, _now + TimeSpan.FromMinutes(60)).CriticalFirst.Should().BeFalse();

        _meter.RoundEnded(heldBack: false, _now + TimeSpan.FromMinutes(61));
        _meter.Decide(options, _now + TimeSpan.FromMinutes(61)).CriticalFirst.Should().BeTrue("nothing waits any more");
    }

    [Fact]
    public void A_pace_that_is_the_applications_is_not_measured()
    {
        var sampler = new LinkSampler(_meter);
        for (var second = 0; second < 10; second++)
        {
            // One frame at a time, each sent when the one before was confirmed.
            sampler.Sent(_now);
            _now += TimeSpan.FromSeconds(1);
            sampler.Confirmed(64 * 1024);
            sampler.Measure(_now);
        }

        _meter.Quality.BytesPerSecond.Should().BeNull();
        for (var frame = 0; frame < 10; frame++)
        {
            sampler.Sent(_now);
        }

        for (var second = 0; second < 10; second++)
        {
            _now += TimeSpan.FromSeconds(1);
            sampler.Confirmed(64 * 1024);
            sampler.Measure(_now);
        }

        _meter.Quality.BytesPerSecond.Should().Be(64 * 1024);
    }

    private void Observe(LinkMeter meter, int kind, double size)
    {
        switch (kind)
        {
            case <= 4:
                meter.Confirmed((long)(size * 5), TimeSpan.FromSeconds(1), _now);
                break;
            case <= 7:
                meter.Answered(TimeSpan.FromMilliseconds(size / 100), _now);
                break;
            default:
                meter.Ended(kind == 8);
                break;
        }
    }

    private void Measure(double megabits, int times = 1, TimeSpan after = default)
    {
        _now += after;
        for (var i = 0; i < times; i++)
        {
            _meter.Confirmed((long)(megabits * Megabit), TimeSpan.FromSeconds(1), _now);
        }
    }

    private void Answer(int milliseconds, TimeSpan after = default)
    {
        _now += after;
        _meter.Answered(TimeSpan.FromMilliseconds(milliseconds), _now);
    }
}
