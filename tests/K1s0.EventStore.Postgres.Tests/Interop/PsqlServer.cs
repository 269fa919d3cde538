using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Interop;

/// <summary>A server of our own with its <c>psql</c>, the stand-in for a program in any other language.</summary>
public sealed class PsqlServer : IAsyncLifetime
{
    private PostgresServer? _server;

    public NpgsqlDataSource DataSource { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        DataSource = NpgsqlDataSource.Create(_server.ConnectionString());
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    public Task<TestStore> NewStoreAsync() => TestStore.CreateAsync(DataSource, $"store_{Guid.CreateVersion7():N}");

    /// <summary>What psql prints for a script, one line a row, columns behind tabs.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(TestStore store, string script)
    {
        var output = await _server!.RunToolAsync(
            "psql",
            ["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"],
            store.Named(script));
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Runs a script that must end with this SQLSTATE; returns what psql complained about.</summary>
    public async Task<string> RefusedAsync(TestStore store, string sqlState, string script)
    {
        var before = await store.ContentAsync();
        var failure = await Assert.ThrowsAsync<ServerFailedException>(() => RunAsync(store, script));
        failure.Message.Should().Contain($"ERROR:  {sqlState}:");
        (await store.ContentAsync()).Should().Be(before);
        return failure.Message;
    }
}
