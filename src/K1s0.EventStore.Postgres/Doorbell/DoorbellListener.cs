using System.Data;
using K1s0.EventStore.Postgres.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Listens on one connection, and opens it again when it is lost. As long as it listens, the live feed may rest.
/// </summary>
internal sealed class DoorbellListener(
    PostgresDatabase database, DoorbellName name, LiveFeed live, TimeProvider timeProvider, ILogger logger)
{
    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    // A connection that is dead without a word is noticed by a question after this time.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var rest = FirstRest;
        while (true)
        {
            try
            {
                var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    if (await IsPooledAsync(connection, cancellationToken).ConfigureAwait(false))
                    {
                        logger.DoorbellBehindPooler();
                        return;
                    }

                    await ListenAsync(connection, () => rest = FirstRest, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                logger.DoorbellLost(rest, e);
            }

            await Task.Delay(rest, timeProvider, cancellationToken).ConfigureAwait(false);
            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        if (database.Options.DoorbellConnectionString is not { } text)
        {
            return await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        }

        var builder = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(text)) { Pooling = false };
        var connection = new NpgsqlConnection(builder.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // Between us and the server a pooler gives each transaction another session: none of them would hear anything.
    private async Task<bool> IsPooledAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = database.Command("get_session", connection);
        await using (command.ConfigureAwait(false))
        {
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is not int session
                || session != connection.ProcessID;
        }
    }

    private async Task ListenAsync(NpgsqlConnection connection, Action begun, CancellationToken cancellationToken)
    {
        connection.Notification += OnNotification;
        try
        {
            await ExecuteAsync("listen_to_doorbell", connection, cancellationToken).ConfigureAwait(false);
            begun();

            // What was rung for before is asked for now.
            live.HasDoorbell = true;
            logger.DoorbellListens();
            while (true)
            {
                if (!await connection.WaitAsync(LongestSilence, cancellationToken).ConfigureAwait(false))
                {
                    await ExecuteAsync("get_session", connection, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            live.HasDoorbell = false;
            connection.Notification -= OnNotification;
            await LeaveAsync(connection).ConfigureAwait(false);
        }
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs notification)
    {
        if (name.IsForUs(notification.Payload))
        {
            live.Ring();
        }
    }

    // A connection that goes back to the pool must not hear any more.
    private async Task LeaveAsync(NpgsqlConnection connection)
    {
        if (connection.State is not ConnectionState.Open)
        {
            return;
        }

        try
        {
            await ExecuteAsync("leave_doorbell", connection, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
        {
            // It is broken, so the pool does not take it back.
            logger.DoorbellNotLeft(e);
        }
    }

    private async Task ExecuteAsync(
        string statement, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var command = database.Command(statement, connection);
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
