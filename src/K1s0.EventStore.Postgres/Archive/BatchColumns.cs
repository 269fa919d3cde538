using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Reads batches from rows. All statements that return batches have these columns, in this order.</summary>
internal static class BatchColumns
{
    /// <summary>How many columns a batch has.</summary>
    public const int Count = 11;

    private const int KeyOffset = 7;

    public static BatchPlan ReadPlan(NpgsqlDataReader reader, int from) => new(
        new Position(reader.GetInt64(from)),
        new Position(reader.GetInt64(from + 1)),
        new Position(reader.GetInt64(from + 2)),
        reader.GetInt64(from + 3),
        ReadTime(reader, from + 4),
        ReadTime(reader, from + 5),
        reader.GetInt64(from + 6));

    /// <summary>The object; null where there is none yet.</summary>
    public static BatchObject? ReadObject(NpgsqlDataReader reader, int from) =>
        reader.IsDBNull(from + KeyOffset)
            ? null
            : new BatchObject(
                reader.GetString(from + KeyOffset),
                reader.GetInt64(from + KeyOffset + 1),
                ReadDigest(reader, from + KeyOffset + 2),
                ReadDigest(reader, from + KeyOffset + 3));

    /// <summary>A batch that is archived: it has an object.</summary>
    public static ArchivedBatch ReadArchived(NpgsqlDataReader reader, int from) =>
        new(ReadPlan(reader, from), ReadObject(reader, from)!);

    public static Sha256Digest ReadDigest(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? default : new Sha256Digest(reader.GetFieldValue<byte[]>(column));

    public static DateTimeOffset ReadTime(NpgsqlDataReader reader, int column) =>
        new(reader.GetDateTime(column), TimeSpan.Zero);
}
