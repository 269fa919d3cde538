using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Listens for warnings while a commit is under way. A wait for a synchronous standby that is cancelled ends in a
/// warning and a success: the events are on the primary alone, which is not the durability that was configured.
/// </summary>
internal sealed class CommitWatch : IDisposable
{
    private readonly NpgsqlConnection _connection;

    public CommitWatch(NpgsqlConnection connection)
    {
        _connection = connection;
        _connection.Notice += OnNotice;
    }

    /// <summary>The first warning; null when there was none.</summary>
    public string? Warning { get; private set; }

    public void Dispose() => _connection.Notice -= OnNotice;

    private void OnNotice(object sender, NpgsqlNoticeEventArgs notice)
    {
        if (notice.Notice.InvariantSeverity is "WARNING")
        {
            Warning ??= $"the server warned while committing: {notice.Notice.MessageText} ({notice.Notice.SqlState})";
        }
    }
}
