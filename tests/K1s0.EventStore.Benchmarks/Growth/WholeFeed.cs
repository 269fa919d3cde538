using System.Diagnostics;
using System.Globalization;

namespace K1s0.EventStore.Benchmarks.Growth;

/// <summary>Reads the whole feed once and watches the memory of this process.</summary>
internal static class WholeFeed
{
    private const int EventsPerLook = 10_000;
    private const double Megabyte = 1024 * 1024;

    /// <returns>What was seen, in lines.</returns>
    public static async Task<string> ReadAsync(IFeedReader feed, int least)
    {
        GC.Collect();
        var (workingSet, heap, allocated) = (Environment.WorkingSet, 0L, GC.GetTotalAllocatedBytes(precise: true));
        var (highestSet, count, began) = (workingSet, 0, Stopwatch.GetTimestamp());
        await foreach (var _ in feed.ReadFeedAsync())
        {
            if (++count % EventsPerLook == 0)
            {
                highestSet = Math.Max(highestSet, Environment.WorkingSet);
                heap = Math.Max(heap, GC.GetTotalMemory(forceFullCollection: false));
            }
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var each = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)Math.Max(count, 1);
        return count >= least
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"""
                read the feed of {count:#,0} events in {seconds:#,0.0} s, {count / seconds:#,0} events/s
                working set {workingSet / Megabyte:0} MB before, at most {highestSet / Megabyte:0} MB meanwhile
                heap at most {heap / Megabyte:0} MB; {each:#,0} bytes allocated for each event
                """)
            : throw new InvalidOperationException($"Read {count} events instead of {least}.");
    }
}
