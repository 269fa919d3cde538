using System.Globalization;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Replays;

/// <summary>
/// A process that reads all events page by page, and then replays them; its heap is limited from outside. It says what
/// it saw: the limit that it has, the events read, the events handled, and the sum of their versions.
/// </summary>
internal static class SmallHeapProcess
{
    public const string Role = "small-heap";

    public static async Task<int> RunAsync(string[] args)
    {
        await using var dataSource = NpgsqlDataSource.Create(args[0]);
        await using var store = new PostgresEventStore(dataSource, new PostgresOptions { Schema = args[1] });
        Say(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        var read = 0L;
        await foreach (var envelope in store.ReadFeedAsync())
        {
            read += envelope.PayloadUtf8.IsEmpty ? 0 : 1;
        }

        Say(read);
        var versions = 0L;
        var report = await new Replay(store, store).RunAsync(
            new ReplaySelection(),
            [
                new ReplayHandler("sum", (envelope, _) =>
                {
                    versions += envelope.Version;
                    return ValueTask.CompletedTask;
                }),
            ]);
        Say(report.HandledEvents);
        Say(versions);
        Say(report.PeakHeapBytes);
        return 0;
    }

    private static void Say(long number) => Console.WriteLine(number.ToString(CultureInfo.InvariantCulture));
}
