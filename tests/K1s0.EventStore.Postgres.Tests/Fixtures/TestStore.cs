using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>A store in a schema of its own, in all of its roles, with what a test needs to look behind it.</summary>
public sealed class TestStore
{
    private readonly Action<PostgresOptions>? _configure;

    private TestStore(NpgsqlDataSource dataSource, string schema, Action<PostgresOptions>? configure)
    {
        _configure = configure;
        DataSource = dataSource;
        Name = schema;
        Options = new PostgresOptions { Schema = schema, RetryDelay = TimeSpan.FromMilliseconds(1) };
        configure?.Invoke(Options);
        Store = new PostgresEventStore(dataSource, Options);
        Schema = new PostgresSchema(dataSource, Options);
        Snapshots = new PostgresSnapshotStore(dataSource, Options);
        Checkpoints = new PostgresCheckpointStore(dataSource, Options);
        Leases = new PostgresLeaseStore(dataSource, Options);
    }

    public NpgsqlDataSource DataSource { get; }

    /// <summary>The schema's name, unquoted.</summary>
    public string Name { get; }

    public PostgresOptions Options { get; }

    public PostgresEventStore Store { get; }

    public PostgresSchema Schema { get; }

    public PostgresSnapshotStore Snapshots { get; }

    public PostgresCheckpointStore Checkpoints { get; }

    public PostgresLeaseStore Leases { get; }

    public static async Task<TestStore> CreateAsync(
        NpgsqlDataSource dataSource, string schema, Action<PostgresOptions>? configure = null)
    {
        var store = new TestStore(dataSource, schema, configure);
        await store.Schema.MigrateAsync();
        return store;
    }

    /// <summary>The same store as another process sees it: nothing that this one remembers is known to it.</summary>
    public TestStore Reopen(NpgsqlDataSource? dataSource = null, Action<PostgresOptions>? configure = null) =>
        new(dataSource ?? DataSource, Name, _configure + configure);

    /// <summary>Runs a statement past the library; <c>{s}</c> stands for the quoted schema.</summary>
    public Task ExecuteAsync(string sql) => DataSource.ExecuteAsync(Named(sql));

    /// <inheritdoc cref="ExecuteAsync"/>
    public Task<TValue> ScalarAsync<TValue>(string sql) => DataSource.ScalarAsync<TValue>(Named(sql));

    /// <inheritdoc cref="ExecuteAsync"/>
    public Task<IReadOnlyList<TValue>> ColumnAsync<TValue>(string sql) => DataSource.ColumnAsync<TValue>(Named(sql));

    /// <summary>The statement with the schema's name put in.</summary>
    public string Named(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        return sql.Replace("{s}", $"\"{Name}\"", StringComparison.Ordinal);
    }

    /// <summary>Everything that is stored, in one text: equal before and after means that nothing changed.</summary>
    public async Task<string> ContentAsync() => await ScalarAsync<string>(
        """
        select concat_ws(E'\n',
          (select string_agg(e::text, E'\n' order by position) from {s}.events e),
          (select string_agg(i::text, E'\n' order by event_id) from {s}.event_ids i),
          (select string_agg(s::text, E'\n' order by stream_key) from {s}.streams s),
          (select string_agg(n::text, E'\n' order by stream_type, stream_id) from {s}.snapshots n),
          (select string_agg(c::text, E'\n' order by consumer) from {s}.subscriptions c),
          (select string_agg(l::text, E'\n' order by lease_name) from {s}.leases l),
          (select string_agg(t::text, E'\n') from {s}.store t))
        """);

    /// <summary>How many appends in flight hold back the feed.</summary>
    public Task<long> FloorLocksAsync() => ScalarAsync<long>(
        """
        select count(*) from pg_locks
        where locktype = 'advisory' and objsubid = 2 and mode = 'ShareLock' and granted
          and classid = (select floor_key from {s}.store)::oid
          and database = (select oid from pg_database where datname = current_database())
        """);

    /// <summary>Recomputes a stream's chain from its bytes and compares it with the head that the store has.</summary>
    public async Task<StreamVerification> VerifyAsync(StreamId stream)
    {
        var head = await Store.GetHeadAsync(stream);
        return await StreamVerifier.VerifyAsync(stream, Store.ReadStreamAsync(stream), head);
    }

    /// <summary>All events of the feed.</summary>
    public async Task<IReadOnlyList<EventEnvelope>> FeedAsync(FeedFilter? filter = null)
    {
        var events = new List<EventEnvelope>();
        await foreach (var envelope in Store.ReadFeedAsync(filter: filter))
        {
            events.Add(envelope);
        }

        return events;
    }
}
