using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Appending;

/// <summary>
/// A server of our own whose commits can be made to wait for a synchronous standby that does not exist. The sessions of
/// <see cref="Local"/> never wait.
/// </summary>
public sealed class MissingStandby : IAsyncLifetime
{
    private const string Application = "waiting writer";

    private const string WaitingSessions =
        $"from pg_stat_activity where application_name = '{Application}' and wait_event = 'SyncRep'";

    private PostgresServer? _server;

    /// <summary>Sessions whose commits are confirmed when the server itself has them.</summary>
    public NpgsqlDataSource Local { get; private set; } = null!;

    /// <summary>Sessions as applications have them.</summary>
    public NpgsqlDataSource Waiting { get; private set; } = null!;

    /// <summary>The same for an application that does not want to hear warnings.</summary>
    public NpgsqlDataSource Deaf { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        Local = NpgsqlDataSource.Create(With(connection => connection.Options = "-c synchronous_commit=local"));
        Waiting = NpgsqlDataSource.Create(With(connection => connection.ApplicationName = Application));
        Deaf = NpgsqlDataSource.Create(With(connection =>
            (connection.ApplicationName, connection.Options) = (Application, "-c client_min_messages=error")));
        await Local.ExecuteAsync("create table probe (id int)");
    }

    public async ValueTask DisposeAsync()
    {
        await Deaf.DisposeAsync();
        await Waiting.DisposeAsync();
        await Local.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>From the return of this on every commit waits for the standby.</summary>
    public async Task DemandAsync()
    {
        await Local.ExecuteAsync("alter system set synchronous_standby_names = 'nobody'");
        await Local.ExecuteAsync("select pg_reload_conf()");

        // The server takes the setting over at some time soon: a commit that really waits is the proof.
        while (true)
        {
            var commit = Waiting.ExecuteAsync("insert into probe values (1)");
            await Eventually.TrueAsync(async () => commit.IsCompleted || await IsWaitingAsync());
            if (!commit.IsCompleted)
            {
                await SignalAsync("pg_cancel_backend");
                await commit;
                return;
            }

            await commit;
        }
    }

    /// <summary>From the return of this on no commit waits; those that wait are confirmed.</summary>
    public async Task DemandNoMoreAsync()
    {
        await Local.ExecuteAsync("alter system reset synchronous_standby_names");
        await Local.ExecuteAsync("select pg_reload_conf()");
        await Waiting.ExecuteAsync("insert into probe values (1)");
    }

    /// <summary>Returns when a commit waits for the standby.</summary>
    public Task UntilWaitingAsync() => Eventually.TrueAsync(IsWaitingAsync);

    /// <summary>
    /// Does something to the session of each commit that waits for the standby, until the write has ended: also where it
    /// is tried again or asked after. Once to each statement: a second one would meet whatever comes next.
    /// </summary>
    public async Task InterruptAsync(string function, Task write)
    {
        var interrupted = new HashSet<string>(StringComparer.Ordinal);
        await Eventually.TrueAsync(async () =>
        {
            foreach (var statement in await Local.ColumnAsync<string>(
                $"select pid || ' ' || extract(epoch from query_start) {WaitingSessions}"))
            {
                if (!write.IsCompleted && interrupted.Add(statement))
                {
                    await Local.ExecuteAsync($"select {function}({statement.Split(' ')[0]})");
                }
            }

            return write.IsCompleted;
        });
    }

    private Task<bool> IsWaitingAsync() => Local.ScalarAsync<bool>($"select exists (select {WaitingSessions})");

    private Task SignalAsync(string function) => Local.ExecuteAsync(
        $"select {function}(pid) {WaitingSessions}");

    private string With(Action<NpgsqlConnectionStringBuilder> change)
    {
        var builder = new NpgsqlConnectionStringBuilder(_server!.ConnectionString());
        change(builder);
        return builder.ConnectionString;
    }
}
