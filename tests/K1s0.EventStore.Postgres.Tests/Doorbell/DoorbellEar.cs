using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Doorbell;

/// <summary>A session that counts how often somebody rings for a store.</summary>
internal sealed class DoorbellEar : IAsyncDisposable
{
    private const string Probe = "probe";

    private readonly NpgsqlConnection _connection;
    private int _probes;

    private DoorbellEar(NpgsqlConnection connection, string schema)
    {
        _connection = connection;
        connection.Notification += (_, notification) =>
        {
            Rung += notification.Payload.StartsWith($"{schema}/", StringComparison.Ordinal) ? 1 : 0;
            _probes += notification.Payload is Probe ? 1 : 0;
        };
    }

    public int Rung { get; private set; }

    public static async Task<DoorbellEar> OpenAsync(
        NpgsqlConnection connection, string schema, CancellationToken cancellationToken)
    {
        var ear = new DoorbellEar(connection, schema);
        await connection.ExecuteAsync("listen k1s0_event_store");
        cancellationToken.ThrowIfCancellationRequested();
        return ear;
    }

    /// <summary>Waits until it was rung for so often.</summary>
    public async Task RungAsync(int count, CancellationToken cancellationToken)
    {
        while (Rung < count)
        {
            await _connection.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Rings itself, and waits until it hears that: everything before was heard as well.</summary>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        var before = _probes;
        await _connection.ExecuteAsync($"notify k1s0_event_store, '{Probe}'");
        while (_probes == before)
        {
            await _connection.WaitAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.ExecuteAsync("unlisten *");
        await _connection.DisposeAsync();
    }
}
