using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Benchmarks.Sync;

/// <summary>
/// What two replicas that hold the same say to each other, with a thousand origins; after the handshake. The other side
/// sends its whole vector.
/// </summary>
internal sealed class SyncBytesScenario : SidesInTurn
{
    private const int Origins = 1_000;

    private ReplicaNode? _left;
    private ReplicaNode? _right;

    public override string Name => "sync-noop-bytes";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("sync-noop-bytes", "bytes", Goal.OursLessThan(200, 160, "bytes"), IsTime: true)];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        _left = await SyncNodes.OpenAsync();
        for (var i = 0; i < Origins; i++)
        {
            await _left.BeginIncarnationAsync();
            await _left.WriteAsync(SyncNodes.SomeEvent(i));
        }

        _right = await SyncNodes.OpenAsync();
        await SyncNodes.MeetAsync(_left, _right);
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var report = await SyncNodes.MeetAsync(_left!, _right!);
        return report.Mode is SyncMode.InSync
            ? [report.BytesSent + report.BytesReceived]
            : throw new InvalidOperationException("The replicas differ.");
    }

    protected override Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        Task.FromResult<IReadOnlyList<double>>([_left!.Clock.ToArray().Length]);
}
