namespace K1s0.EventStore.TestServers.Tests;

/// <summary>A server with a PgBouncer in front of it that keeps few connections.</summary>
public sealed class PgBouncerFixture : IAsyncLifetime
{
    public const int PoolSize = 2;

    public PostgresServer Server { get; private set; } = null!;

    public PgBouncer Bouncer { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await PostgresServer.StartAsync();
        Bouncer = await PgBouncer.StartAsync(Server, new PgBouncerOptions { PoolSize = PoolSize });
    }

    public async ValueTask DisposeAsync()
    {
        await Bouncer.DisposeAsync();
        await Server.DisposeAsync();
    }
}
