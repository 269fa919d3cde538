namespace K1s0.EventStore.Sync.Tests;

/// <summary>Which readings make up for which stops, whatever order they begin and end in.</summary>
public sealed class DeliveryStopsTests
{
    private readonly DeliveryStops _stops = new();

    [Fact]
    public void A_reading_makes_up_for_what_stopped_before_it_began()
    {
        var first = Stop("first");

        var reading = _stops.BeginReading();

        (_stops.IsSilent, _stops.Last).Should().Be((false, first), "it is told again, and not read yet");
        _stops.EndReading(reading, isWhole: true);
        (_stops.IsSilent, _stops.Last).Should().Be((false, null));
    }

    [Fact]
    public void A_reading_that_is_broken_off_makes_up_for_nothing()
    {
        var first = Stop("first");

        _stops.EndReading(_stops.BeginReading(), isWhole: false);

        (_stops.IsSilent, _stops.Last).Should().Be((true, first));
    }

    [Fact]
    public void A_reading_makes_up_for_nothing_that_stops_while_it_goes_on()
    {
        Stop("first");
        var reading = _stops.BeginReading();
        var second = Stop("second");

        _stops.IsSilent.Should().BeTrue();
        _stops.EndReading(reading, isWhole: true);

        (_stops.IsSilent, _stops.Last).Should().Be((true, second));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_older_reading_does_not_make_up_for_what_a_newer_one_leaves(bool olderEndsFirst)
    {
        var older = _stops.BeginReading();
        var stop = Stop("between");
        var newer = _stops.BeginReading();

        _stops.IsSilent.Should().BeFalse();
        foreach (var (reading, isWhole) in olderEndsFirst
            ? [(older, true), (newer, false)]
            : new[] { (newer, false), (older, true) })
        {
            _stops.EndReading(reading, isWhole);
        }

        (_stops.IsSilent, _stops.Last).Should().Be((true, stop));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_newer_reading_makes_up_for_an_older_one_that_is_broken_off(bool olderEndsFirst)
    {
        Stop("first");
        var older = _stops.BeginReading();
        var newer = _stops.BeginReading();

        foreach (var (reading, isWhole) in olderEndsFirst
            ? [(older, false), (newer, true)]
            : new[] { (newer, true), (older, false) })
        {
            _stops.EndReading(reading, isWhole);
        }

        (_stops.IsSilent, _stops.Last).Should().Be((false, null));
    }

    [Fact]
    public void The_first_cause_stays_the_one_that_is_told()
    {
        var first = Stop("first");

        Stop("what came of it");

        _stops.Last.Should().BeSameAs(first);
    }

    private DeliveryStoppedException Stop(string what)
    {
        var stop = new DeliveryStoppedException(what, new InvalidOperationException(what));
        _stops.Add(stop);
        return stop;
    }
}
