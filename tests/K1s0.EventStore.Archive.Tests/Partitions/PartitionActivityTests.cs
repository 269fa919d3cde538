namespace K1s0.EventStore.Archive.Tests;

public sealed class PartitionActivityTests
{
    private static readonly DateTimeOffset Start = new(2026, 7, 1, 13, 0, 0, TimeSpan.Zero);

    [Fact]
    [Trait("Row", "L06")]
    public void Partitions_that_are_written_faster_than_the_threshold_are_reported_with_their_rate()
    {
        var activity = new PartitionActivity();
        for (var second = 0; second < 2 * 3_600; second++)
        {
            // 50 a second, and in one minute of the second hour 150.
            activity.Add(Start.AddSeconds(second), second / 60 == 75 ? 150 : 50);
        }

        var hot = activity.FindHot();

        hot.Should().Equal(new PartitionLoad(Start.AddHours(1), (3_600 * 50) + (60 * 100), 150));
        hot[0].Partition.Should().Be("events/2026/07/01/14/");
        activity.FindHot(writesPerSecond: 49).Select(load => load.Partition)
            .Should().Equal("events/2026/07/01/13/", "events/2026/07/01/14/");
        activity.FindHot(writesPerSecond: 150).Should().BeEmpty("only what is faster is hot");
        activity.Loads().Select(load => load.PeakEventsPerSecond).Should().Equal(50, 150);
    }

    [Fact]
    [Trait("Row", "L06")]
    public async Task The_partition_of_an_event_is_the_hour_that_it_was_recorded_in()
    {
        var events = await Corpus.Create().OrdersAsync(10, millisecondsBetween: 600_000);
        var activity = new PartitionActivity();
        foreach (var envelope in events)
        {
            activity.Add(envelope);
        }

        activity.Loads().Select(load => (load.Partition, load.Events))
            .Should().Equal(("events/2026/07/01/13/", 6), ("events/2026/07/01/14/", 4));
        events.Should().OnlyContain(envelope => EventObjects.KeyOf(envelope).Value.StartsWith(
            $"events/{envelope.PartitionKey}/", StringComparison.Ordinal));
        activity.Add(new DateTimeOffset(2026, 7, 1, 16, 30, 0, TimeSpan.FromHours(2)));
        activity.Loads()[1].Events.Should().Be(5, "partitions are in UTC");
    }

    [Fact]
    public void A_threshold_and_a_count_are_positive()
    {
        FluentActions.Invoking(() => new PartitionActivity().FindHot(0)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new PartitionActivity().Add(Start, 0)).Should().Throw<ArgumentException>();
    }
}
