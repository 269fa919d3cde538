using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>How long after an append begins the handler of a subscription that the doorbell wakes up has its event.</summary>
internal sealed class CommitToSubscriptionScenario : SidesInTurn
{
    private string _idle = string.Empty;
    private int _lastSeed;

    public override string Name => "commit-to-subscription";

    public override IReadOnlyList<Figure> Figures { get; } =
    [
        new Figure("commit-to-subscription-p50", "ms", null, IsTime: true),
        new Figure("commit-to-subscription", "ms p99", Goal.OursLessThan(20, 5, "ms"), IsTime: true),
    ];

    public override IReadOnlyList<string> Notes =>
        [$"plain asks every {LiveRun.PollInterval.TotalMilliseconds} ms; ours: {_idle}"];

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var writer = new LiveWriter(
            batch => Database.Store.AppendAsync(batch.StreamId, batch.Envelopes, batch.Version), ++_lastSeed);
        var (sorted, idle) = await new SubscribedLiveRun(Database, writer).RunAsync(duration, duration / 4);
        _idle = string.Create(CultureInfo.InvariantCulture, $"idle, {idle:0.0%} of a core in this process");
        return Percentiles(sorted);
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        await using var follower = await PlainFollower.ConnectAsync(Database.Plain);
        await using var connection = await Database.Plain.OpenConnectionAsync();
        await using var insert = await Appends.PlainInsert.PrepareAsync(connection);
        return Percentiles(
            await new LiveRun(follower, new LiveWriter(insert.ExecuteAsync, ++_lastSeed)).RunAsync(duration));
    }

    private static double[] Percentiles(IReadOnlyList<double> sorted) => [At(sorted, 0.5), At(sorted, 0.99)];

    private static double At(IReadOnlyList<double> sorted, double part) =>
        sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))];
}
