namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>The judge is judged: it must see each kind of fault.</summary>
public sealed class FeedVerdictTests
{
    private static readonly List<TableEvent> Table =
    [
        .. Enumerable.Range(1, 5).Select(n => new TableEvent(10 * n, Id(n), new StreamId("order", "1"), n, "happened")),
    ];

    [Theory]
    [InlineData("1 2 3 4 5", 0, 0, 0, 0)]
    [InlineData("", 5, 0, 0, 0)]
    [InlineData("1 2 4 5", 1, 0, 0, 0)]
    [InlineData("1 2 3 4", 1, 0, 0, 0)]
    [InlineData("1 2 4 3 5", 0, 0, 1, 0)]
    [InlineData("1 2 2 3 4 5", 0, 1, 1, 0)]
    [InlineData("1 2 3 4 5 1", 0, 1, 1, 0)]
    [InlineData("1 2 3 4 5 6", 0, 0, 0, 1)]
    [InlineData("2 4", 3, 0, 0, 0)]
    public void Every_kind_of_fault_is_counted(string order, int missed, int repeated, int disordered, int invented)
    {
        var seen = order.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(number => int.Parse(number, System.Globalization.CultureInfo.InvariantCulture))
            .Select(number => new Sighting(10 * number, Id(number), SeenAt: 0))
            .ToList();

        var verdict = FeedVerdict.Judge(seen, Table);

        verdict.Missed.Should().HaveCount(missed);
        (verdict.Repeated, verdict.Disordered, verdict.Invented).Should().Be((repeated, disordered, invented));
        verdict.IsRight.Should().Be(missed + repeated + disordered + invented == 0);
    }

    [Fact]
    public void An_event_at_another_position_than_the_tables_is_an_invention() =>
        FeedVerdict.Judge([new Sighting(11, Id(1), 0)], [Table[0]]).Invented.Should().Be(1);

    private static Guid Id(int number) => new(number, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);
}
