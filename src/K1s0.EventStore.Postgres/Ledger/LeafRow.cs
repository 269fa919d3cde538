using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Turns rows into leaf records; one reader for one result. Rows of one stream that follow each other share its tag.
/// </summary>
internal sealed class LeafRow
{
    private readonly byte[] _digest = new byte[Sha256Digest.Length];
    private string _streamType = string.Empty;
    private string _streamId = string.Empty;
    private Sha256Digest _tag;

    // The first columns of every statement that reads leaves, in their order.
    private enum Column
    {
        Position,
        StreamType,
        StreamId,
        Version,
        EventId,
        RecordedAt,
        ContentDigest,
        ChainHash,
    }

    public SettledLeaf Read(NpgsqlDataReader reader)
    {
        var position = new Position(reader.GetInt64((int)Column.Position));
        var tag = ReadTag(reader);
        return new SettledLeaf(
            position,
            new LeafRecord(
                tag,
                new StreamVersion(reader.GetInt64((int)Column.Version)),
                reader.GetGuid((int)Column.EventId),
                new DateTimeOffset(reader.GetDateTime((int)Column.RecordedAt), TimeSpan.Zero),
                ReadDigest(reader, (int)Column.ContentDigest),
                ReadDigest(reader, (int)Column.ChainHash)));
    }

    public Sha256Digest ReadDigest(NpgsqlDataReader reader, int column) =>
        reader.GetBytes(column, 0, _digest, 0, _digest.Length) == _digest.Length
            ? new Sha256Digest(_digest)
            : throw new StoreOperationException(
                $"A stored digest does not have {Sha256Digest.Length} bytes.", new InvalidDataException());

    private Sha256Digest ReadTag(NpgsqlDataReader reader)
    {
        var (type, id) = (reader.GetString((int)Column.StreamType), reader.GetString((int)Column.StreamId));
        if (!string.Equals(id, _streamId, StringComparison.Ordinal)
            || !string.Equals(type, _streamType, StringComparison.Ordinal))
        {
            (_streamType, _streamId) = (type, id);
            _tag = StreamChain.Tag(new StreamId(type, id));
        }

        return _tag;
    }
}
