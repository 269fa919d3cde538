using System.Globalization;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>The last steps of a run, for whoever has to find out what went wrong.</summary>
internal sealed class Trace(Schedule schedule)
{
    private const int Kept = 60;

    private readonly Queue<string> _lines = new(Kept + 1);

    public void Add(FormattableString line)
    {
        _lines.Enqueue(string.Create(
            CultureInfo.InvariantCulture, $"{schedule.Now.TotalMilliseconds,8:0} ms  {FormattableString.Invariant(line)}"));
        if (_lines.Count > Kept)
        {
            _lines.Dequeue();
        }
    }

    public override string ToString() => string.Join('\n', _lines);
}
