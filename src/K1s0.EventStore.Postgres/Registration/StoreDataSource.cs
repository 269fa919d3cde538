using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The data source of one store: the application's, or one that the container makes from the connection string and
/// disposes.
/// </summary>
internal sealed class StoreDataSource : IAsyncDisposable, IDisposable
{
    private const string NoReset = "No Reset On Close";

    private readonly bool _isOwned;

    private StoreDataSource(NpgsqlDataSource dataSource, bool isOwned) =>
        (DataSource, _isOwned) = (dataSource, isOwned);

    public NpgsqlDataSource DataSource { get; }

    public static StoreDataSource Create(IServiceProvider provider, string name)
    {
        var own = provider.GetKeyedService<NpgsqlDataSource>(name) ?? provider.GetService<NpgsqlDataSource>();
        if (own is not null)
        {
            return new StoreDataSource(own, isOwned: false);
        }

        var options = provider.GetRequiredService<IOptionsMonitor<PostgresOptions>>().Get(name);
        return options.ConnectionString is { Length: > 0 } connectionString
            ? new StoreDataSource(NpgsqlDataSource.Create(WithoutReset(connectionString)), isOwned: true)
            : throw new OptionsValidationException(
                name,
                typeof(PostgresOptions),
                [
                    "No connection: register an NpgsqlDataSource, set PostgresOptions.ConnectionString, or set the "
                        + "environment variable "
                    + PostgresEnvironment.DatabaseUrl + ".",
                ]);
    }

    // A connection that only the store uses has nothing to reset when it goes back to the pool: no statement here
    // leaves anything in its session. The reset costs more than loading a short stream. What the string says itself,
    // counts.
    private static NpgsqlConnectionStringBuilder WithoutReset(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(connectionString));
        if (!builder.Keys.Cast<string>().Contains(NoReset, StringComparer.OrdinalIgnoreCase))
        {
            builder.NoResetOnClose = true;
        }

        return builder;
    }

    public ValueTask DisposeAsync() => _isOwned ? DataSource.DisposeAsync() : ValueTask.CompletedTask;

    public void Dispose()
    {
        if (_isOwned)
        {
            DataSource.Dispose();
        }
    }
}
