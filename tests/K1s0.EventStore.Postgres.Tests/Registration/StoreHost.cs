using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>A generic host with nothing in it but what a test registers.</summary>
internal static class StoreHost
{
    public static IHost Build(Action<IServiceCollection> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        register(builder.Services);
        return builder.Build();
    }

    public static async Task<IHost> StartAsync(Action<IServiceCollection> register)
    {
        var host = Build(register);
        await host.StartAsync();
        return host;
    }

    /// <summary>Starts a host that must fail to start, and returns why.</summary>
    public static async Task<TException> FailsAsync<TException>(Action<IServiceCollection> register)
        where TException : Exception
    {
        using var host = Build(register);
        return await Assert.ThrowsAsync<TException>(() => host.StartAsync());
    }
}
