using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>The row in which a database says where its archive stands.</summary>
internal static class ArchiveStatusRow
{
    public static ArchiveStatus Read(NpgsqlDataReader reader)
    {
        const int manifest = 8;
        var isOpen = !reader.IsDBNull(manifest) && reader.GetBoolean(manifest + 2);
        return new ArchiveStatus(
            new StoreIdentity(reader.GetGuid(0), reader.GetInt64(1)),
            BatchColumns.ReadTime(reader, 2),
            new Position(reader.GetInt64(5)),
            new Position(reader.GetInt64(6)),
            new Position(reader.GetInt64(3)),
            reader.IsDBNull(manifest)
                ? null
                : new PlannedManifest(
                    reader.GetInt64(manifest),
                    BatchColumns.ReadDigest(reader, manifest + 1),
                    ReadOnlyMemory<byte>.Empty,
                    new Position(reader.GetInt64(manifest + 3))),
            isOpen,
            TimeSpan.FromSeconds(reader.GetDouble(4)),
            reader.IsDBNull(7) ? null : BatchColumns.ReadTime(reader, 7));
    }
}
