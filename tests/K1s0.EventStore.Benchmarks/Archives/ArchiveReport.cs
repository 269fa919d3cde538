using System.Diagnostics;
using System.Globalization;
using System.Text;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>The goals of the archive that are no rates: compression, modelled cost, and an hour out of a year.</summary>
internal static class ArchiveReport
{
    private const int Queries = 100;
    private const int WarmUps = 5;
    private const int CompactedFrom = 60;
    private const int DaysOfLife = 7 * 365;
    private const long ObjectBytes = 16L << 20;
    private const double CompressionGoal = 70;
    private const decimal CostGoal = 0.001m;
    private const double QueryGoalMilliseconds = 100;

    public static async Task<string> MakeAsync(int events, int seed)
    {
        var report = new StringBuilder();
        var corpora = await CompressedCorpora.MeasureAsync(seed);
        using var year = await ArchivedYear.CreateAsync(events, seed);
        var realistic = new CompressedCorpus("a year of orders", events, year.ContentBytes, year.StoredBytes);
        Line(report, $"Compression (lines of events to objects with filters and index; goal: {CompressionGoal:0} % on orders)");
        foreach (var corpus in corpora.Prepend(realistic))
        {
            Line(report, $"  {corpus}");
        }

        Line(report, $"  goal {Met(realistic.SmallerPercent >= CompressionGoal)}");
        DescribeCost(report, realistic);
        await DescribeQueriesAsync(report, year, events, seed);
        return report.ToString();
    }

    private static void DescribeCost(StringBuilder report, CompressedCorpus corpus)
    {
        var prices = PriceTable.Default;
        var life = new ObjectLife(
            ObjectBytes,
            (long)(ObjectBytes * (corpus.ContentBytes / (double)corpus.StoredBytes)),
            LifecyclePolicy.Default.StagesOf(DaysOfLife))
        {
            CompactedFrom = CompactedFrom,
        };
        var cost = new CostModel(prices).Of(life);
        var gb = cost.LogicalGbMonths;
        var stages = string.Join(", ", life.Stages.Select(stage => string.Create(
            CultureInfo.InvariantCulture, $"{stage.Days:0} days {stage.StorageClass}")));
        Line(report, $"Modelled cost of seven years ({prices.Currency}, prices of {prices.Date:yyyy-MM-dd}, {prices.Source})");
        Line(report, $"  objects of 16 MiB made of {CompactedFrom} each, compressed as the year of orders; {stages};");
        Line(report, $"  all of it read {life.ReadsPerYear:0} time a year with the cheapest restore; the database is not in it");
        Line(report, $"  storage {cost.Storage / gb:0.000000}, requests {cost.Requests / gb:0.000000}, retrieval {cost.Retrieval / gb:0.000000}, days not used {cost.EarlyRemoval / gb:0.000000}");
        Line(report, $"  {cost.PerLogicalGbMonth:0.000000} {prices.Currency} per logical GB-month, {cost.SavingPercent:0.0} % less than uncompressed in the standard class");
        Line(report, $"  goal of {CostGoal} {Met(cost.PerLogicalGbMonth <= CostGoal)}");
    }

    private static async Task DescribeQueriesAsync(StringBuilder report, ArchivedYear year, int events, int seed)
    {
        var random = new Random(seed);
        var times = new List<double>();
        var (found, bytes) = (0L, 0L);
        for (var number = -WarmUps; number < Queries; number++)
        {
            var from = ArchivedYear.Start.AddHours(random.Next(365 * 24));
            var started = Stopwatch.GetTimestamp();
            var range = await year.ReadTimeRangeAsync(from, from.AddHours(1), FeedPage.MaxEvents);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            if (!range.IsComplete || range.Events.Any(e => e.RecordedAt < from || e.RecordedAt >= from.AddHours(1)))
            {
                throw new InvalidOperationException("A query did not find what it should.");
            }

            if (number >= 0)
            {
                times.Add(elapsed);
                (found, bytes) = (found + range.Events.Count, bytes + range.Archive.BytesFetched);
            }
        }

        times.Sort();
        Line(report, $"An hour out of a year: {events:#,0} events in {year.Batches} batches in a folder, {Queries} random hours, nothing cached");
        Line(report, $"  median {times[times.Count / 2]:0.0} ms, slowest {times[^1]:0.0} ms; {found / (double)Queries:0.0} events and {bytes / Queries / 1024:0} KiB a query");
        Line(report, $"  goal of {QueryGoalMilliseconds:0} ms {Met(times[^1] < QueryGoalMilliseconds)} by the slowest");
    }

    private static string Met(bool isMet) => isMet ? "met" : "missed";

    private static void Line(StringBuilder report, FormattableString text) =>
        report.AppendLine(text.ToString(CultureInfo.InvariantCulture));
}
