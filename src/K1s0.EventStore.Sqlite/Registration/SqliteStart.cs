using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore.Sqlite;

/// <summary>Opens the file when the application starts, so that what is wrong with it shows there.</summary>
internal sealed class SqliteStart(SqliteStoreFile file) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => file.OpenAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
