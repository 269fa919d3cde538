using K1s0.EventStore.Benchmarks.Loads;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>
/// Follows the plain table by its positions. Unlike the feed it misses an event whose transaction commits after one
/// with a higher position; that is what hand-written followers do.
/// </summary>
internal sealed class PlainFollower : IFollower
{
    private const long PageSize = 1_000;

    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<long> _after;

    private PlainFollower(NpgsqlConnection connection, long after)
    {
        _connection = connection;
        _after = new NpgsqlParameter<long> { TypedValue = after };
        _command = new NpgsqlCommand(PlainSql.Get("read_plain_page"), connection)
        {
            Parameters = { _after, new NpgsqlParameter<long> { TypedValue = PageSize } },
        };
    }

    public static async Task<PlainFollower> ConnectAsync(NpgsqlDataSource database)
    {
        var connection = await database.OpenConnectionAsync();
        await using var last = new NpgsqlCommand(PlainSql.Get("get_last_plain_position"), connection);
        var follower = new PlainFollower(connection, (long)(await last.ExecuteScalarAsync())!);
        await follower._command.PrepareAsync();
        return follower;
    }

    public async Task<IReadOnlyList<Guid>> PollAsync()
    {
        var ids = new List<Guid>();
        await using var reader = await _command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            var read = PlainEvent.Read(reader);
            ids.Add(read.Id);
            _after.TypedValue = read.Position;
        }

        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        await _command.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
