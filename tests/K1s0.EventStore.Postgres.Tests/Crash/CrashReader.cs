namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>Follows the feed over all crashes and keeps all that it saw.</summary>
internal sealed class CrashReader(PostgresEventStore store, AppendHistory history)
{
    public async Task<IReadOnlyList<EventEnvelope>> RunAsync(CancellationToken stop)
    {
        var seen = new List<EventEnvelope>();
        var after = Position.Start;
        while (true)
        {
            try
            {
                var page = await store.ReadFeedPageAsync(after, maxCount: 50, cancellationToken: CancellationToken.None);
                seen.AddRange(page.Events);
                after = page.ReadTo;
            }
            catch (StoreUnavailableException)
            {
                // The server is down: the position is remembered, so reading goes on where it stopped.
                await Task.Delay(10, CancellationToken.None);
            }

            if (stop.IsCancellationRequested && after >= await history.End)
            {
                return seen;
            }
        }
    }
}
