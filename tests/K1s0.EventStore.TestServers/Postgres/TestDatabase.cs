using System.Security.Cryptography;

namespace K1s0.EventStore.TestServers;

/// <summary>A fresh database of <see cref="SharedPostgres"/>, for one test class. Disposing drops it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _server;

    internal TestDatabase(string server, string name)
    {
        _server = server;
        Name = name;
        ConnectionString = Databases.ForDatabase(server, name);
    }

    /// <summary>Its name, unique on the server.</summary>
    public string Name { get; }

    /// <summary>How to connect to it.</summary>
    public string ConnectionString { get; }

    /// <summary>Creates an empty database on a server that runs already; nobody else drops it.</summary>
    /// <param name="server">A connection string with the right to create databases.</param>
    public static async Task<TestDatabase> CreateAsync(string server)
    {
        var database = new TestDatabase(server, $"k1s0_{RandomNumberGenerator.GetHexString(16, lowercase: true)}");
        await Databases.CreateAsync(server, database.Name);
        return database;
    }

    /// <summary>Drops the database and ends the sessions that are still in it.</summary>
    public async ValueTask DisposeAsync()
    {
        await Databases.DropAsync(_server, Name);
        SharedPostgres.Forget(this);
    }

    internal void DropAtProcessExit() => Databases.Drop(_server, Name);
}
