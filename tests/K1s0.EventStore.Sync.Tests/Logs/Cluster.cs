using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Replicas that write, and now and then hear something of each other: histories of every shape.</summary>
internal sealed class Cluster
{
    private readonly Random _random;
    private readonly ManualTime[] _walls;

    public Cluster(Random random, int replicas, int skewSeconds = 20)
    {
        _random = random;
        _walls = [.. Enumerable.Range(0, replicas).Select(_ => new ManualTime(Some.Noon.AddSeconds(random.Next(skewSeconds))))];
        Replicas = [.. _walls.Select((wall, index) => Some.NewReplica(index + 1, wall))];
        Histories = [.. Replicas.Select(_ => new List<DeliveredEvent>())];
    }

    public Replica[] Replicas { get; }

    /// <summary>What each replica delivered, in its order.</summary>
    public List<DeliveredEvent>[] Histories { get; }

    /// <summary>Every event that was written.</summary>
    public List<DeliveredEvent> Written { get; } = [];

    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
        {
            var at = _random.Next(Replicas.Length);
            _walls[at].Advance(TimeSpan.FromMilliseconds(_random.Next(3)));
            if (_random.Next(2) == 0)
            {
                Write(at, $$"""{"step":{{step}}}""");
            }
            else if (Written.Count > 0)
            {
                Hear(at, Written[_random.Next(Written.Count)].Event);
            }
        }
    }

    public DeliveredEvent Write(int at, string payload) => Write(at, Some.Envelope(payload: payload));

    public DeliveredEvent Write(int at, EventEnvelope envelope)
    {
        var written = Replicas[at].Write(envelope);
        Histories[at].Add(written);
        Written.Add(written);
        return written;
    }

    public Admission Hear(int at, SyncEvent heard) => Replicas[at].Admit(heard, Histories[at]);

    /// <summary>Every replica hears everything, in an order of its own, some of it several times.</summary>
    public void HearAll()
    {
        for (var at = 0; at < Replicas.Length; at++)
        {
            var all = Written.Concat(Written.Where(_ => _random.Next(4) == 0)).Select(written => written.Event).ToArray();
            _random.Shuffle(all);
            foreach (var heard in all)
            {
                Hear(at, heard);
            }
        }
    }

    /// <summary>The logs as a replica delivered them.</summary>
    public static IEnumerable<IEnumerable<SyncEvent>> Logs(IEnumerable<DeliveredEvent> history) =>
        history.Select(delivered => delivered.Event).GroupBy(delivered => delivered.Dot.Origin);
}
