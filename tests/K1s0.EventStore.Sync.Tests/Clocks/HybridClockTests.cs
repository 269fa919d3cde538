using FsCheck;
using FsCheck.Fluent;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

public sealed class HybridClockTests
{
    private readonly ManualTime _wall = new(Some.Noon);

    [Fact]
    public void Times_follow_the_wall_clock_and_count_within_a_millisecond()
    {
        var clock = new HybridClock(_wall);

        var (first, second) = (clock.Next(), clock.Next());
        _wall.Advance(TimeSpan.FromMilliseconds(5));
        var third = clock.Next();

        (first.WallTime, first.Counter).Should().Be((Some.Noon, 0));
        (second.WallTime, second.Counter).Should().Be((Some.Noon, 1));
        (third.WallTime, third.Counter).Should().Be((Some.Noon.AddMilliseconds(5), 0));
        third.ToString().Should().Be("2026-05-04T12:00:00.005Z+0");
    }

    [Fact]
    public void Whatever_the_wall_clock_does_and_whatever_is_observed_times_rise()
    {
        var steps = Gen.Choose(-5_000, 5_000).ListOf();
        Prop.ForAll(
            steps.ToArbitrary(),
            drawn =>
            {
                var wall = new JumpingTime();
                var (clock, last) = (new HybridClock(wall, TimeSpan.FromSeconds(2)), default(HybridTime));
                foreach (var step in drawn)
                {
                    wall.Now = Some.Noon.AddMilliseconds(step);
                    var foreign = HybridTime.FromWallTime(Some.Noon.AddMilliseconds(-step));
                    var isAccepted = clock.Observe(foreign) is ClockReading.Accepted;
                    var next = clock.Next();
                    if (next <= last || (isAccepted && next <= foreign) || isAccepted != (-2 * step <= 2_000))
                    {
                        return false;
                    }

                    last = next;
                }

                return true;
            })
            .Check(Laws.Seeded(500));
    }

    [Fact]
    public void A_time_too_far_ahead_is_refused_and_moves_nothing()
    {
        var clock = new HybridClock(_wall, TimeSpan.FromSeconds(10));
        var ahead = HybridTime.FromWallTime(Some.Noon.AddMilliseconds(10_001));

        clock.Observe(ahead).Should().Be(ClockReading.TooFarAhead);
        clock.Last.Should().Be(default(HybridTime));
        clock.Next().WallTime.Should().Be(Some.Noon);

        _wall.Advance(TimeSpan.FromMilliseconds(1));
        clock.Observe(ahead).Should().Be(ClockReading.Accepted, "time has come nearer to it");
        clock.Next().Should().BeGreaterThan(ahead);
    }

    [Fact]
    public void A_full_counter_runs_over_into_the_milliseconds()
    {
        var noon = HybridTime.FromWallTime(Some.Noon);
        var clock = new HybridClock(_wall, startAfter: new HybridTime(noon.Value + ushort.MaxValue));

        clock.Next().Should().Be(HybridTime.FromWallTime(Some.Noon.AddMilliseconds(1)));
    }

    [Fact]
    public void A_clock_goes_on_behind_the_last_time_of_a_life_before()
    {
        var before = HybridTime.FromWallTime(Some.Noon.AddHours(1));

        new HybridClock(_wall, startAfter: before).Next().Should().Be(new HybridTime(before.Value + 1));
    }

    private sealed class JumpingTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
