using System.Diagnostics;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Benchmarks.Sync;

/// <summary>
/// The slowest of a hundred conflicts: two replicas change the same properties and do not know of each other. The other
/// side keeps the last value of each key by time alone, and notices no conflict.
/// </summary>
internal sealed class ConflictScenario : SidesInTurn
{
    private const int Keys = 1_000;

    private readonly List<DeliveredEvent> _events = [];

    public override string Name => "conflict";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("conflict", "us p99", Goal.OursLessThan(20, 2, "us"), IsTime: true)];

    public override Task SetUpAsync(Servers.BenchmarkDatabase database)
    {
        Replica[] replicas = [.. Enumerable.Range(0, 2).Select(_ => new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System)))];
        for (var key = 0; key < Keys; key++)
        {
            var stream = new StreamId("user", $"{key}");
            foreach (var replica in replicas)
            {
                _events.Add(replica.Write(EventEnvelope.Create(stream, "email-changed", "\"ada@example.org\""u8.ToArray())));
            }
        }

        return base.SetUpAsync(database);
    }

    protected override Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var rules = new ConflictRules().Add("email-changed", "email", ConflictPolicy.LastWriteWins);
        return MeasureAsync(duration, () =>
        {
            var view = new ConflictView(rules);
            return delivered => view.Apply(delivered) is not null;
        });
    }

    protected override Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) => MeasureAsync(duration, () =>
    {
        var last = new Dictionary<(StreamId, string), SyncEvent>();
        return delivered =>
        {
            var key = (delivered.Event.Envelope.StreamId, "email");
            var hadOne = last.TryGetValue(key, out var other);
            last[key] = other is null || other.Time < delivered.Event.Time ? delivered.Event : other;
            return hadOne;
        };
    });

    private Task<IReadOnlyList<double>> MeasureAsync(TimeSpan duration, Func<Func<DeliveredEvent, bool>> begin)
    {
        var (times, began) = (new List<double>(), Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < duration)
        {
            var apply = begin();
            foreach (var delivered in _events)
            {
                var start = Stopwatch.GetTimestamp();
                if (apply(delivered))
                {
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
            }
        }

        times.Sort();
        return Task.FromResult<IReadOnlyList<double>>([times[times.Count * 99 / 100]]);
    }
}
