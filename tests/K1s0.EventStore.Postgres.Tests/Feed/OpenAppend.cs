using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A transaction of the caller that appends and stays open until the test ends it.</summary>
internal sealed class OpenAppend : IAsyncDisposable
{
    private readonly FeedStore _store;
    private readonly Session _session;
    private readonly NpgsqlTransaction _transaction;

    private OpenAppend(FeedStore store, Session session, NpgsqlTransaction transaction) =>
        (_store, _session, _transaction) = (store, session, transaction);

    public int ProcessId => _session.ProcessId;

    public static async Task<OpenAppend> BeginAsync(FeedStore store, string applicationName = "appender")
    {
        var session = await store.OpenSessionAsync(applicationName);
        return new OpenAppend(store, session, await session.BeginAsync());
    }

    /// <summary>Appends without committing; the position of the last event.</summary>
    public async Task<long> AppendAsync(StreamId streamId, int count = 1, ExpectedVersion expected = default) =>
        (await AppendAsync(FeedStore.Events(streamId, count), expected)).LastPosition.Value;

    /// <summary>Appends events of one stream without committing.</summary>
    public async Task<AppendResult> AppendAsync(EventEnvelope[] events, ExpectedVersion expected = default) =>
        (await _store.Store.AppendAsync([new StreamAppend(events[0].StreamId, events, expected)], _transaction))[0];

    public Task ExecuteAsync(string sql) => _session.ExecuteAsync(sql);

    public Task CommitAsync() => _transaction.CommitAsync();

    public Task RollbackAsync() => _transaction.RollbackAsync();

    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
