using Npgsql;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>
/// A role of the server without any right, for one test; sessions of its data source have its rights.
/// </summary>
internal sealed class TestRole : IAsyncDisposable
{
    private readonly NpgsqlDataSource _owner;

    private TestRole(StoreDatabase database, string name)
    {
        _owner = database.DataSource;
        Name = name;
        DataSource = database.As(name);
    }

    public string Name { get; }

    public NpgsqlDataSource DataSource { get; }

    public static async Task<TestRole> CreateAsync(StoreDatabase database)
    {
        var role = new TestRole(database, $"k1s0_{Guid.CreateVersion7():N}");
        await role._owner.ExecuteAsync($"create role {role.Name}");
        return role;
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await _owner.ExecuteAsync($"drop owned by {Name}; drop role {Name}");
    }
}
