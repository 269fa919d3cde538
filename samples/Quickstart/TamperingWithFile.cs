using K1s0.EventStore.Sqlite;
using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>
/// Does what everybody can do who may write the file: takes the append-only guard out and updates a row. In a copy of
/// the file, which is thrown away.
/// </summary>
internal sealed class TamperingWithFile(SqliteStoreFile file) : ITampering
{
    private const string TakeGuardOut = "drop trigger events_no_update";

    private const string MakeCheaper =
        """
        update events
        set payload = cast(replace(cast(payload as text), '"unitPrice":6', '"unitPrice":5') as blob)
        where version = $version
          and stream_key = (select stream_key from streams where stream_type = $type and stream_id = $id)
        """;

    public string Description => "one byte of the row, in a copy of the file";

    public async Task<IReadOnlyList<EventEnvelope>> MakeItemsCheaperAsync(
        StreamId streamId, long version, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("quickstart-");
        try
        {
            var copy = Path.Combine(folder.FullName, "copy.db");
            Tamper(copy, streamId, version);

            // The copy bears the same identity: it is the same store at an earlier time, and reads like it.
            await using var opened = new SqliteStoreFile(new SqliteOptions { FilePath = copy });
            return await new SqliteEventStore(opened).LoadAsync(streamId, cancellationToken: cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private void Tamper(string copy, StreamId streamId, long version)
    {
        using var target = Open(copy);
        using (var source = Open(file.FilePath))
        {
            source.BackupDatabase(target);
        }

        using var guard = new SqliteCommand(TakeGuardOut, target);
        guard.ExecuteNonQuery();
        using var update = new SqliteCommand(MakeCheaper, target);
        update.Parameters.AddWithValue("$version", version);
        update.Parameters.AddWithValue("$type", streamId.AggregateType);
        update.Parameters.AddWithValue("$id", streamId.AggregateId);
        var rows = update.ExecuteNonQuery();
        if (rows != 1)
        {
            throw new StepFailedException($"rows that were changed: expected 1, got {rows}");
        }
    }

    private static SqliteConnection Open(string path)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false };
        var connection = new SqliteConnection(settings.ConnectionString);
        connection.Open();
        return connection;
    }
}
