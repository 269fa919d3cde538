using K1s0.EventStore.Integrity;
using SQLitePCL;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// The row that a statement stands on. Read below the driver's reader, which would copy every digest into an array and
/// box every number. Valid until the statement moves on.
/// </summary>
internal readonly ref struct SqliteRow(sqlite3_stmt statement)
{
    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) is raw.SQLITE_NULL;

    public long Number(int column) => raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(statement, column);

    public DateTimeOffset Time(int column) => UnixMicroseconds.ToTime(Number(column));

    /// <summary>The id in the column; empty for null.</summary>
    public Guid Id(int column) =>
        IsNull(column) ? Guid.Empty : new Guid(Exactly(column, 16), bigEndian: true);

    /// <summary>The digest in the column; the default value for null.</summary>
    public Sha256Digest Digest(int column) =>
        IsNull(column) ? default : new Sha256Digest(Exactly(column, Sha256Digest.Length));

    // The table's constraints hold the lengths, so another one is damage.
    private ReadOnlySpan<byte> Exactly(int column, int length) =>
        Bytes(column) is var bytes && bytes.Length == length
            ? bytes
            : throw new StoreOperationException(
                $"A stored value does not have {length} bytes: the file is damaged or was changed by hand.",
                new InvalidDataException());
}
