using FluentAssertions;
using K1s0.EventStore.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the README of the SQLite package, run.</summary>
public sealed class SqliteExamples
{
    [Fact]
    public async Task The_registration_example_gives_a_store_in_the_named_file()
    {
        var services = new ServiceCollection();

        // snippet: sqlite-registration
        services.AddEventStore().UseSqlite("orders.db");

        // end-snippet
        await using var provider = services.BuildServiceProvider();
        provider.GetRequiredService<IEventStore>().Should().NotBeNull();
        provider.GetRequiredService<IOptionsMonitor<SqliteOptions>>().Get(Options.DefaultName)
            .FilePath.Should().Be("orders.db", "nothing is opened until the store is used");
    }

    [Fact]
    public async Task The_example_without_a_container_gives_a_store()
    {
        var folder = Directory.CreateTempSubdirectory("k1s0-readme-");
        try
        {
            await UseAsync(Path.Combine(folder.FullName, "orders.db"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task UseAsync(string path)
    {
        // snippet: sqlite-by-hand
        await using var file = new SqliteStoreFile(new SqliteOptions { FilePath = path });
        var store = new SqliteEventStore(file);

        // end-snippet
        (await store.ExistsAsync(new StreamId("order", "4711"))).Should().BeFalse();
        File.Exists(path).Should().BeTrue();
    }
}
