using System.Threading.Channels;
using K1s0.EventStore.Postgres.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Rings: at once when it was quiet, and once for all that came meanwhile otherwise. Thread-safe.</summary>
internal sealed class DoorbellRinger(
    PostgresDatabase database, DoorbellName name, LiveFeed? live, TimeProvider timeProvider, ILogger logger)
{
    // At most 100 times a second: sessions that notify commit one after the other.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan RestAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Ring() => _wishes.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _wishes.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            live?.Ring();
            var rest = await TryRingAsync(cancellationToken).ConfigureAwait(false) ? Rest : RestAfterFailure;
            await Task.Delay(rest, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> TryRingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await database.QueryAsync(
                "ring_doorbell",
                parameters => parameters.Add(
                    new NpgsqlParameter<string> { TypedValue = name.Own, NpgsqlDbType = NpgsqlDbType.Text }),
                static _ => 0,
                cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (EventStoreException e)
        {
            // Others find the events all the same, a little later.
            logger.DoorbellNotRung(e);
            return false;
        }
    }
}
