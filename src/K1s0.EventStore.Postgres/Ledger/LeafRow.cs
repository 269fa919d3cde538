using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Turns rows into leaf records; one reader for one result. Rows of one stream share its tag, as concurrent writers mix
/// them: hashing it for each would be a fifth of the work.
/// </summary>
internal sealed class LeafRow
{
    private const int MaxTags = 4_096;

    private readonly byte[] _digest = new byte[Sha256Digest.Length];
    private readonly Dictionary<(string Type, string Id), Sha256Digest> _tags = [];

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

    public static StreamId ReadStream(NpgsqlDataReader reader) =>
        new(reader.GetString((int)Column.StreamType), reader.GetString((int)Column.StreamId));

    public static SignedNote? ReadNote(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : SignedNote.Parse(reader.GetFieldValue<byte[]>(column));

    public Sha256Digest ReadDigest(NpgsqlDataReader reader, int column) =>
        reader.GetBytes(column, 0, _digest, 0, _digest.Length) == _digest.Length
            ? new Sha256Digest(_digest)
            : throw new StoreOperationException(
                $"A stored digest does not have {Sha256Digest.Length} bytes.", new InvalidDataException());

    private Sha256Digest ReadTag(NpgsqlDataReader reader)
    {
        var name = (reader.GetString((int)Column.StreamType), reader.GetString((int)Column.StreamId));
        if (!_tags.TryGetValue(name, out var tag))
        {
            if (_tags.Count == MaxTags)
            {
                _tags.Clear();
            }

            tag = StreamChain.Tag(new StreamId(name.Item1, name.Item2));
            _tags.Add(name, tag);
        }

        return tag;
    }
}
