using System.Globalization;
using K1s0.EventStore.Samples.GitHistory.Import;

namespace K1s0.EventStore.Samples.GitHistory;

/// <summary>Draws how far the import is: one line of a terminal over and over, elsewhere a line a tenth.</summary>
internal sealed class ProgressBar(TextWriter output, bool isTerminal, int commits, TimeProvider timeProvider)
    : IProgress<ImportProgress>
{
    private const int Width = 32;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long _started = timeProvider.GetTimestamp();
    private long _drawn;
    private int _tenths;

    public void Report(ImportProgress value)
    {
        var isLast = value.Commits == commits;
        if (isTerminal && (isLast || timeProvider.GetElapsedTime(_drawn) >= Pause))
        {
            _drawn = timeProvider.GetTimestamp();
            output.Write('\r' + Line(value) + (isLast ? Environment.NewLine : string.Empty));
        }
        else if (!isTerminal && value.Commits * 10L / commits is var tenths && tenths > _tenths)
        {
            _tenths = (int)tenths;
            output.WriteLine(Line(value));
        }
    }

    private string Line(ImportProgress value)
    {
        var done = (int)((long)Width * value.Commits / commits);
        var seconds = Math.Max(timeProvider.GetElapsedTime(_started).TotalSeconds, 0.001);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"[{new string('#', done)}{new string('-', Width - done)}] {value.Commits:N0} of {commits:N0} commits, "
            + $"{value.Events:N0} events, {value.Events / seconds:N0} events/s");
    }
}
