using System.Diagnostics;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A store in a database of its own, and what tests of its feed look at from outside.</summary>
internal sealed class FeedStore : IAsyncDisposable
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);

    private readonly IAsyncDisposable? _database;

    private FeedStore(string connectionString, PostgresOptions options, IAsyncDisposable? database)
    {
        _database = database;
        ConnectionString = connectionString;
        Options = options;
        DataSource = NpgsqlDataSource.Create(connectionString);
        Store = new PostgresEventStore(DataSource, options);
    }

    public static StreamId Orders { get; } = new("order", "1");

    public static StreamId Payments { get; } = new("payment", "1");

    public string ConnectionString { get; }

    public PostgresOptions Options { get; }

    public NpgsqlDataSource DataSource { get; }

    public PostgresEventStore Store { get; }

    /// <summary>A store in a fresh database of the shared server.</summary>
    public static async Task<FeedStore> CreateAsync()
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        return await MigrateAsync(new FeedStore(database.ConnectionString, new PostgresOptions(), database));
    }

    /// <summary>A store in a schema of a database that somebody else owns.</summary>
    public static Task<FeedStore> CreateInAsync(string connectionString, string schema = "event_store") =>
        MigrateAsync(Open(connectionString, schema));

    /// <summary>The store that is in a database already.</summary>
    public static FeedStore Open(string connectionString, string schema = "event_store") =>
        new(connectionString, new PostgresOptions { Schema = schema }, database: null);

    /// <summary>Another instance over the same database, that knows nothing yet: another process.</summary>
    public PostgresEventStore OpenAnother() => new(DataSource, Options);

    public Task<Session> OpenSessionAsync(string applicationName = "by hand") =>
        Session.OpenAsync(ConnectionString, applicationName);

    /// <summary>Appends and commits; the position of the last event.</summary>
    public async Task<long> AppendAsync(StreamId streamId, int count = 1) =>
        (await Store.AppendAsync(streamId, Events(streamId, count))).LastPosition.Value;

    /// <summary>The bound as the server says it, past everything that an instance of the store remembers.</summary>
    public async Task<long> BoundAsync()
    {
        await using var session = await OpenSessionAsync();
        return await session.ScalarAsync<long>($"select bound from {Options.Schema}.settled_bound()");
    }

    /// <summary>The positions that a reader sees that starts anew at <paramref name="after"/>.</summary>
    public async Task<List<long>> ReadFeedAsync(long after = 0)
    {
        var reader = OpenAnother();
        var positions = new List<long>();
        await foreach (var envelope in reader.ReadFeedAsync(new Position(after), pageSize: 3))
        {
            positions.Add(envelope.Position.Value);
        }

        return positions;
    }

    /// <summary>The committed positions, whatever any bound says.</summary>
    public async Task<List<long>> ReadTableAsync()
    {
        await using var session = await OpenSessionAsync();
        return await session.ListAsync<long>($"select position from {Options.Schema}.events order by position");
    }

    /// <summary>How many locks a server process holds with which appends hold back this store's feed.</summary>
    public async Task<long> CountFloorsAsync(int processId)
    {
        await using var session = await OpenSessionAsync();
        return await session.ScalarAsync<long>(
            $"""
            select count(*) from pg_locks
            where locktype = 'advisory' and pid = {processId}
              and classid = (select floor_key from {Options.Schema}.store)::oid
            """);
    }

    /// <summary>Returns when so many sessions of this database wait for a lock.</summary>
    public Task UntilSessionsWaitAsync(int count = 1) => UntilAsync(
        $"select count(distinct l.pid) >= {count} from pg_locks l join pg_stat_activity a using (pid) "
        + "where not l.granted and a.datname = current_database()");

    /// <summary>Ends a server process and returns when it is gone.</summary>
    public async Task TerminateAsync(int processId)
    {
        await using var session = await OpenSessionAsync();
        await session.ExecuteAsync($"select pg_terminate_backend({processId})");
        await UntilGoneAsync(processId);
    }

    /// <summary>Returns when a server process is gone.</summary>
    public Task UntilGoneAsync(int processId) =>
        UntilAsync($"select not exists (select from pg_stat_activity where pid = {processId})");

    /// <summary>Asks until the answer is true: nothing signals to us what happens inside of the server.</summary>
    public async Task UntilAsync(string question)
    {
        await using var session = await OpenSessionAsync();
        var started = Stopwatch.GetTimestamp();
        while (!await session.ScalarAsync<bool>(question))
        {
            Stopwatch.GetElapsedTime(started).Should().BeLessThan(LongestWait, "this should come true: {0}", question);
            await Task.Delay(BetweenLooks);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    public static EventEnvelope[] Events(StreamId streamId, int count = 1) =>
    [
        .. Enumerable.Range(0, count).Select(_ => new EventEnvelope(
            Guid.CreateVersion7(), streamId, 0, "happened", "{}"u8.ToArray(), default, DateTimeOffset.UnixEpoch)),
    ];

    private static async Task<FeedStore> MigrateAsync(FeedStore store)
    {
        await new PostgresSchema(store.DataSource, store.Options).MigrateAsync();
        return store;
    }
}
