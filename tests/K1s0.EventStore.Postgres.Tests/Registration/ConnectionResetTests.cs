using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Registration;

/// <summary>Whether a connection's session is reset when it goes back to the pool.</summary>
public sealed class ConnectionResetTests
{
    [Theory]
    [InlineData("Host=db;Database=app", true)]
    [InlineData("Host=db;Database=app;No Reset On Close=false", false)]
    [InlineData("Host=db;Database=app;no reset on close=true", true)]
    [InlineData("postgresql://app@db/app", true)]
    public void Connections_that_only_the_store_uses_are_not_reset_unless_the_string_says_so(
        string connectionString, bool isSpared)
    {
        var services = new ServiceCollection();
        services.AddEventStore().UsePostgres(options => options.ConnectionString = connectionString);
        using var provider = services.BuildServiceProvider();

        var source = provider.GetRequiredKeyedService<StoreDataSource>(Options.DefaultName);

        new NpgsqlConnectionStringBuilder(source.DataSource.ConnectionString).NoResetOnClose.Should().Be(isSpared);
    }

    [Fact]
    public void The_data_source_of_the_application_stays_as_it_is()
    {
        using var own = NpgsqlDataSource.Create("Host=db;Database=app");
        var services = new ServiceCollection();
        services.AddSingleton(own);
        services.AddEventStore().UsePostgres();
        using var provider = services.BuildServiceProvider();

        provider.GetRequiredKeyedService<StoreDataSource>(Options.DefaultName).DataSource.Should().BeSameAs(own);
    }
}
