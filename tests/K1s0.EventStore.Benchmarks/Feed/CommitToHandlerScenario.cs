using K1s0.EventStore.Benchmarks.Appends;
using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>How long after an append begins a follower has its event, and what the follower costs meanwhile.</summary>
internal sealed class CommitToHandlerScenario : SidesInTurn
{
    private readonly Dictionary<string, string> _idle = new(StringComparer.Ordinal);
    private int _lastSeed;

    public override string Name => "commit-to-handler";

    public override IReadOnlyList<Figure> Figures { get; } =
    [
        new Figure("commit-to-handler-p50", "ms", null, IsTime: true),
        new Figure("commit-to-handler", "ms p99", Goal.OursLessThan(20, 5, "ms"), IsTime: true),
    ];

    public override IReadOnlyList<string> Notes =>
    [
        $"both sides ask every {LiveRun.PollInterval.TotalMilliseconds} ms",
        .. _idle.Select(side => $"{side.Key}: {side.Value}"),
    ];

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        await using var follower = new OurFollower(Database.Feed, await Database.Feed.GetSettledBoundAsync());
        return await MeasureAsync(
            "ours",
            follower,
            batch => Database.Store.AppendAsync(batch.StreamId, batch.Envelopes, batch.Version),
            duration);
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        await using var follower = await PlainFollower.ConnectAsync(Database.Plain);
        await using var connection = await Database.Plain.OpenConnectionAsync();
        await using var insert = await PlainInsert.PrepareAsync(connection);
        return await MeasureAsync("plain", follower, insert.ExecuteAsync, duration);
    }

    private static double Percentile(IReadOnlyList<double> sorted, double part) =>
        sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))];

    private async Task<IReadOnlyList<double>> MeasureAsync(
        string side, IFollower follower, Func<AppendBatch, Task> append, TimeSpan duration)
    {
        var sorted = await new LiveRun(follower, new LiveWriter(append, ++_lastSeed)).RunAsync(duration);
        _idle[side] = await IdleFollower.MeasureAsync(follower, duration / 4);
        return [Percentile(sorted, 0.5), Percentile(sorted, 0.99)];
    }
}
