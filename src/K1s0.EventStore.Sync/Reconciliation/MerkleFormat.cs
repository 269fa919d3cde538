namespace K1s0.EventStore.Sync;

/// <summary>The messages of a comparison. Version 1.</summary>
/// <remarks>
/// <code>
/// request  version, 1 byte: 1
///          number of questions, at most 1,024; each:
///            node: depth, 1 byte; path, canonical integer
///            kind, 1 byte
///              1 children        what is below its first three children?
///              2 grandchildren   what is below it, and below its first fifteen grandchildren?
///              3 items           number of ids, at most 960, and the ids of mine, 8 bytes each: which do I miss?
///
/// answer   version, 1 byte: 1
///          number of questions that are answered: the first so many; the rest did not fit, ask again
///          each answer:
///            children        3 summaries
///            grandchildren   16 summaries: the node's own, and 15
///            items           number of items that are not among the ids, and the items: key with length; value, 32
///                            number of ids that are not here, and their places in the question, ascending
///
/// summary  number of items, canonical integer; the fingerprint, 32 bytes, unless the number is 0
/// </code>
/// The id of an item is the beginning of its hash. The layout is published: it is never edited.
/// </remarks>
internal static class MerkleFormat
{
    public const string RequestName = "request of a comparison";
    public const string AnswerName = "answer of a comparison";
    public const byte Version = 1;
    public const int MaxQuestions = 1_024;

    /// <summary>So many of the largest items, and as many places of ids, fit into a message.</summary>
    public const int MaxIds = 960;

    public const int MaxMessageBytes = 1024 * 1024;

    public const byte Children = 1;
    public const byte Grandchildren = 2;
    public const byte Items = 3;

    // Node and kind.
    public const int LeastQuestionBytes = 3;

    public static void ReadVersion(ref WireReader reader, string name)
    {
        var version = reader.Byte();
        if (!reader.IsBroken && version != Version)
        {
            throw new UnsupportedFormatException(name, version, Version);
        }
    }

    public static void WriteItem(WireWriter writer, MerkleItem item)
    {
        writer.Field(item.Key.Span);
        writer.Digest(item.Value);
    }

    /// <summary>Null when the reader broke.</summary>
    public static MerkleItem? ReadItem(ref WireReader reader)
    {
        var key = reader.Field(MerkleItem.MaxKeyBytes).ToArray();
        if (key.Length == 0)
        {
            reader.Break("a key is empty.");
        }

        var value = reader.Digest();
        return reader.IsBroken ? null : new MerkleItem(key, value);
    }
}
