namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A reader that keeps all that it saw, in the order that it saw it.</summary>
/// <param name="name">What the figures call it.</param>
/// <param name="readPage">Reads behind a position; what it found, and where to go on.</param>
internal sealed class FeedFollower(
    string name, Func<long, Task<(IReadOnlyList<Sighting> Events, long ReadTo)>> readPage)
{
    // Between polls at the end of the feed, as a subscription would.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly List<Sighting> _seen = [];
    private long _readTo;

    public string Name => name;

    public IReadOnlyList<Sighting> Seen => _seen;

    /// <summary>Reads until it has come to the end that the task tells.</summary>
    public async Task RunAsync(Task<long> end, CancellationToken deadline)
    {
        while (!end.IsCompletedSuccessfully || _readTo < await end)
        {
            deadline.ThrowIfCancellationRequested();
            if (await ReadPageAsync() == 0)
            {
                await Task.Delay(Pause, deadline);
            }
        }
    }

    public async Task<int> ReadPageAsync()
    {
        var (events, readTo) = await readPage(_readTo);
        _seen.AddRange(events);
        _readTo = readTo;
        return events.Count;
    }
}
