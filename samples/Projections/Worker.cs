using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>
/// The worker: a host without HTTP that keeps the balance table. This is all that an application writes. It ends when its
/// standard input does, so that it does not outlive the process that started it.
/// </summary>
internal static class Worker
{
    public const string Schema = "projections_sample";

    public static void AddStore(IServiceCollection services, string connectionString)
    {
        services.AddSingleton(_ => NpgsqlDataSource.Create(connectionString));
        services.AddEventStore().UsePostgres(options =>
        {
            options.Schema = Schema;

            // The throw-away server has fsync off: it is killed with everything on it.
            options.AllowUnsafeDurability = true;
        });
    }

    public static async Task<int> RunAsync(string connectionString, TextReader input, CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        AddStore(builder.Services, connectionString);
        builder.Services.AddEventStore()
            .AddProjection<BalanceTable>(BalanceTable.Name, options =>
            {
                options.BatchSize = 20;

                // The next worker goes on when the lease of the one that was killed has run out.
                options.LeaseDuration = TimeSpan.FromSeconds(1);
            });
        using var host = builder.Build();
        await host.StartAsync(cancellationToken);
        while (await input.ReadLineAsync(cancellationToken) is not null)
        {
            // Nobody says anything to the worker.
        }

        await host.StopAsync(cancellationToken);
        return 0;
    }
}
