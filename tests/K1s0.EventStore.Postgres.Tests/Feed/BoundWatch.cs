using System.Diagnostics;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>Asks for the bound again and again, and holds it against what the writers know.</summary>
internal sealed class BoundWatch(PostgresEventStore store, WorkloadRecord record)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly List<string> _faults = [];
    private readonly List<(long Bound, long At)> _answers = [];

    public IReadOnlyList<string> Faults => _faults;

    public int Questions => _answers.Count;

    /// <summary>How far the bound was behind what had been acknowledged, at worst.</summary>
    public long WorstLag { get; private set; }

    /// <summary>How long it took at worst from an acknowledgement to an answer that had passed it.</summary>
    public TimeSpan WorstDelay(IEnumerable<WorkloadAppend> acknowledged)
    {
        var (worst, at) = (0L, 0);
        foreach (var append in acknowledged.OrderBy(a => a.LastPosition))
        {
            while (at < _answers.Count && _answers[at].Bound < append.LastPosition)
            {
                at++;
            }

            worst = at < _answers.Count ? Math.Max(worst, _answers[at].At - append.AcknowledgedAt) : worst;
        }

        return Stopwatch.GetElapsedTime(0, worst);
    }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var (acknowledged, least) = (record.LastAcknowledged, record.LeastBound());
            var answer = await store.InspectFeedAsync(CancellationToken.None);
            _answers.Add((answer.Bound.Value, Stopwatch.GetTimestamp()));
            WorstLag = Math.Max(WorstLag, acknowledged - answer.Bound.Value);
            if (answer.Bound.Value < least)
            {
                _faults.Add($"the bound is {answer.Bound}, and no writer under way explains less than {least}");
            }

            if (answer.HolderApplication is not (null or FeedStressRun.WriterName))
            {
                _faults.Add($"{answer.HolderApplication} holds the feed back at {answer.Bound}");
            }

            await Task.Delay(Pause, CancellationToken.None);
        }
    }
}
