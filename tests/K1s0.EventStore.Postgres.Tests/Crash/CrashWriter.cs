namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>Appends to streams of its own and to shared ones, and writes down every outcome.</summary>
internal sealed class CrashWriter(PostgresEventStore store, AppendHistory history, Random random)
{
    // How long a writer that finds the server down leaves it alone; part of the load, nothing waits for it.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public async Task RunAsync(CancellationToken stop)
    {
        var own = Some.Stream();
        while (!stop.IsCancellationRequested)
        {
            var stream = random.Next(3) == 0 ? history.Shared[random.Next(history.Shared.Count)] : own;
            var expected = await ExpectAsync(stream);
            if (expected is null)
            {
                continue;
            }

            var append = Some.Append(stream, random.Next(1, 4), expected.Value);
            await AppendAsync(append);
            if (random.Next(10) == 0)
            {
                own = Some.Stream();
            }
        }
    }

    private async Task<ExpectedVersion?> ExpectAsync(StreamId stream)
    {
        if (random.Next(2) == 0)
        {
            return ExpectedVersion.Any;
        }

        try
        {
            return ExpectedVersion.Exactly((await store.GetHeadAsync(stream)).Version);
        }
        catch (StoreUnavailableException)
        {
            await Task.Delay(Pause, CancellationToken.None);
            return null;
        }
    }

    private async Task AppendAsync(StreamAppend append)
    {
        try
        {
            history.Acknowledge(append, await store.AppendAsync(append.StreamId, append.Events, append.Expected));
        }
        catch (AppendOutcomeUnknownException)
        {
            history.Unknown(append);
        }
        catch (EventStoreException e) when (e is ConcurrencyException or StoreUnavailableException)
        {
            history.Refuse(append);
            await Task.Delay(e.IsTransient ? Pause : TimeSpan.Zero, CancellationToken.None);
        }
    }
}
