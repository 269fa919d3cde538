namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>Sessions that are there all the time and do not append: none of them may hold the feed back.</summary>
internal sealed class Bystanders : IAsyncDisposable
{
    // An exclusive lock on the very position that an append locks would stop that append, not the feed.
    private const int FarPosition = 2_000_000_000;

    private readonly List<Session> _sessions = [];

    /// <summary>
    /// A transaction with an id in another database, one in ours, and idle sessions, some of them inside of a
    /// transaction, some with advisory locks of other kinds.
    /// </summary>
    public static async Task<Bystanders> StartAsync(FeedStore feed, string otherDatabase)
    {
        var bystanders = new Bystanders();
        await bystanders.AddAsync(otherDatabase, "begin; select pg_current_xact_id()");
        await bystanders.AddAsync(
            feed.ConnectionString,
            "begin; create table public.notes (note text); insert into public.notes values ('old')");
        for (var i = 0; i < WorkloadSettings.IdleSessions; i++)
        {
            await bystanders.AddAsync(feed.ConnectionString, (i % 6) switch
            {
                0 => "select 1",
                1 => "begin; select count(*) from event_store.events",
                2 => $"select pg_advisory_lock_shared((floor_key::bigint << 32) | {i}) from event_store.store",
                3 => $"select pg_advisory_lock(floor_key, {FarPosition + i}) from event_store.store",
                4 => $"begin; select pg_advisory_xact_lock_shared(floor_key + 1, {i}) from event_store.store",
                _ => "listen anything",
            });
        }

        return bystanders;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions)
        {
            await session.DisposeAsync();
        }
    }

    private async Task AddAsync(string connectionString, string work)
    {
        var session = await Session.OpenAsync(connectionString, "bystander");
        _sessions.Add(session);
        await session.ExecuteAsync(work);
    }
}
