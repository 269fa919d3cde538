using K1s0.EventStore.Postgres.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Brings the schema to its version when the application starts, then keeps partitions ahead (and, where asked for, the
/// bound for standbys) for as long as it runs. A failure after the start is logged and tried again; appends do not
/// depend on it.
/// </summary>
internal sealed class PostgresUpkeep(
    NpgsqlDataSource dataSource, PostgresOptions options, TimeProvider timeProvider, ILoggerFactory? loggerFactory)
        : BackgroundService
{
    private static readonly TimeSpan PartitionInterval = TimeSpan.FromHours(6);

    private readonly ILogger _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<PostgresUpkeep>();
    private readonly PostgresSchema _schema = new(dataSource, options);
    private readonly PostgresDatabase _database = new(dataSource, new SqlCatalog(new SchemaName(options.Schema)),
        options);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await DurabilityCheck.RunAsync(_database, cancellationToken).ConfigureAwait(false);
        if (options.MigrateOnStart)
        {
            await _schema.MigrateAsync(cancellationToken).ConfigureAwait(false);
        }

        await _schema.CheckAsync(cancellationToken).ConfigureAwait(false);
        _logger.SchemaReady(options.Schema, PostgresSchema.SupportedVersion);
        if (!options.MigrateOnStart)
        {
            // Migrating makes them; without it nobody else would for the first hours.
            await TryAsync(MakePartitionsAsync, cancellationToken).ConfigureAwait(false);
        }

        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(
            RepeatAsync(PartitionInterval, MakePartitionsAsync, stoppingToken),
            options.PublishBoundEvery is { } interval ? RepeatAsync(interval, PublishBoundAsync, stoppingToken)
                : Task.CompletedTask);

    private async Task MakePartitionsAsync(CancellationToken cancellationToken)
    {
        var until = await _schema.EnsurePartitionsAsync(cancellationToken).ConfigureAwait(false);
        _logger.PartitionsReady(options.Schema, until);
    }

    private Task PublishBoundAsync(CancellationToken cancellationToken) =>
        _database.QueryAsync("publish_bound", static _ => { }, static _ => 0, cancellationToken);

    private async Task RepeatAsync(TimeSpan interval, Func<CancellationToken, Task> action,
        CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                await TryAsync(action, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    private async Task TryAsync(Func<CancellationToken, Task> action, CancellationToken cancellationToken)
    {
        try
        {
            await action(cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e)
        {
            _logger.UpkeepFailed(options.Schema, e);
        }
    }
}
