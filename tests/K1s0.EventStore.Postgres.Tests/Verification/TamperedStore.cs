using K1s0.EventStore.Integrity;
using K1s0.EventStore.Postgres.Tests.Ledger;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Verification;

/// <summary>
/// A small sealed and published store that is tampered with, verified and brought back, again and again.
/// </summary>
internal sealed class TamperedStore : IAsyncDisposable
{
    // Deleted rows are read over until they are cleaned up.
    private const int CleanEvery = 100;

    private readonly TestLog _log;
    private readonly NpgsqlConnection _attacker;
    private readonly StoreVerifier _verifier;
    private readonly HurriedTime _time = new();
    private readonly VerificationScope _scope;
    private string[] _touched = [];
    private int _changes;

    private TamperedStore(TestLog log, NpgsqlConnection attacker, TreeHead known, StoredRows rows)
    {
        (_log, _attacker, Rows) = (log, attacker, rows);
        _verifier = log.Verifier(new StoreVerifierOptions { Lanes = 1 }, _time);
        _scope = new VerificationScope { KnownHead = known, Keys = log.Keys };
    }

    /// <summary>What is stored as long as nobody tampers with it.</summary>
    public StoredRows Rows { get; }

    public static async Task<TamperedStore> CreateAsync(StoreDatabase database, Random random, int events)
    {
        var log = await TestLog.CreateAsync(database);
        for (var i = 0; i < 3; i++)
        {
            await log.GrowAsync((events / 4) + random.Next(-3, 4), random);
            await log.Store.ScalarAsync<long>("select nextval('{s}.positions')");
        }

        var head = await log.GrowAsync(events / 4, random);
        foreach (var table in RewrittenStore.Tables)
        {
            await log.Store.ExecuteAsync($"create table {{s}}.saved_{table} as table {{s}}.{table}");
        }

        var keys = (await log.Store.ColumnAsync<long>("select stream_key from {s}.events order by position")).ToArray();
        var feed = await log.Store.FeedAsync();
        var attacker = await log.Store.DataSource.OpenConnectionAsync();
        await attacker.ExecuteAsync("set session_replication_role = replica");
        return new TamperedStore(
            log,
            attacker,
            TreeHead.Parse(head.Note!.Text),
            new StoredRows([.. feed.Select((envelope, i) => new StoredRow(envelope, keys[i]))]));
    }

    /// <summary>Brings the store back and changes it again; with nothing to do it is untouched.</summary>
    public async Task ChangeAsync(string[] tables, IEnumerable<NpgsqlBatchCommand> commands)
    {
        await using (var batch = new NpgsqlBatch(_attacker))
        {
            foreach (var table in _touched)
            {
                batch.BatchCommands.Add(new NpgsqlBatchCommand(_log.Store.Named($"delete from {{s}}.{table}")));
                batch.BatchCommands.Add(new NpgsqlBatchCommand(_log.Store.Named(
                    $"insert into {{s}}.{table} {(table is "streams" ? "overriding system value " : "")}"
                    + $"table {{s}}.saved_{table}")));
            }

            foreach (var command in commands)
            {
                batch.BatchCommands.Add(command);
            }

            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync();
            }
        }

        _touched = tables;
        if (++_changes % CleanEvery == 0)
        {
            await _attacker.ExecuteAsync(_log.Store.Named(
                $"vacuum {string.Join(", ", RewrittenStore.Tables.Select(table => $"{{s}}.{table}"))}"));
        }
    }

    public IEnumerable<NpgsqlBatchCommand> Statements(string sql) =>
        _log.Store.Named(sql).Split(';').Select(statement => new NpgsqlBatchCommand(statement));

    public IEnumerable<NpgsqlBatchCommand> Rewrite(IEnumerable<StoredRow> rows) =>
        new RewrittenStore(rows).Commands(_log.Store);

    public Task<StoreVerification> VerifyAsync()
    {
        _time.Begin();
        return _verifier.VerifyAsync(_scope);
    }

    public async ValueTask DisposeAsync()
    {
        // The session is not to go on with its settings in the pool.
        await _attacker.ExecuteAsync("reset all");
        await _attacker.DisposeAsync();
        _log.Dispose();
    }

    // Where the end was cut off, the bound comes up in a moment at which all that the server has logged is on its disk,
    // while other stores of the server write: usually the next millisecond, and on a slow disk later.
    private sealed class HurriedTime : TimeProvider
    {
        private const int ShortWaits = 50;

        private int _waits;

        public void Begin() => _waits = 0;

        public override ITimer CreateTimer(
            TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(
            callback, state, ++_waits <= ShortWaits ? TimeSpan.FromMilliseconds(1) : dueTime, period);
    }
}
