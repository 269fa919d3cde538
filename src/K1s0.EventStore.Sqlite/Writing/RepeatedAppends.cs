using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Answers appends that cannot be stored as new ones: they were made before, or something is in the way.
/// </summary>
internal static class RepeatedAppends
{
    /// <summary>The answer that the appends got when they were made.</summary>
    /// <exception cref="ConcurrencyException">A stream is at another version.</exception>
    /// <exception cref="EventIdReusedException">An id is stored with other content or in another place.</exception>
    public static AppendResult[] Find(
        SqliteSession session, IReadOnlyList<ValidatedAppend> appends, SqliteException? refusal = null)
    {
        var stored = new Dictionary<Guid, StoredEvent>();
        foreach (var id in appends.SelectMany(append => append.Events).Select(envelope => envelope.Id))
        {
            if (FindEvent(session, id) is { } found)
            {
                stored.Add(id, found);
            }
        }

        var repeated = appends.Select(append => Repeated(append, stored)).OfType<AppendResult>().ToArray();
        return repeated.Length == appends.Count ? repeated : throw Refuse(session, appends, stored, refusal);
    }

    private static StoredEvent? FindEvent(SqliteSession session, Guid id) =>
        session.Query(
            "find_event",
            static row => new StoredEvent(row.Number(0), row.Number(1), row.Number(2), row.Digest(3)),
            id.ToByteArray(bigEndian: true)) is [var found]
            ? found
            : null;

    // The same events, next to each other, with the same content: this append was made before.
    private static AppendResult? Repeated(ValidatedAppend append, Dictionary<Guid, StoredEvent> stored)
    {
        StoredEvent? first = null;
        StoredEvent? last = null;
        for (var i = 0; i < append.Events.Count; i++)
        {
            if (!stored.TryGetValue(append.Events[i].Id, out last)
                || last.ContentDigest != append.ContentDigests[i]
                || last.Version != (first ??= last).Version + i)
            {
                return null;
            }
        }

        return new AppendResult
        {
            StreamId = append.StreamId,
            Version = new StreamVersion(last!.Version),
            FirstPosition = new Position(first!.Position),
            LastPosition = new Position(last.Position),
            RecordedAt = UnixMicroseconds.ToTime(last.RecordedAt),
            WasRepeated = true,
        };
    }

    private static Exception Refuse(
        SqliteSession session,
        IReadOnlyList<ValidatedAppend> appends,
        Dictionary<Guid, StoredEvent> stored,
        SqliteException? refusal)
    {
        foreach (var append in appends)
        {
            if (append.Events.FirstOrDefault(envelope => stored.ContainsKey(envelope.Id)) is { } reused)
            {
                return new EventIdReusedException(reused.Id, refusal);
            }

            var actual = AppendWriter.FindHead(session, append.StreamId).Head.Version;
            if (!append.Expected.Accepts(actual))
            {
                return new ConcurrencyException(append.StreamId, append.Expected, actual);
            }
        }

        // Neither: a row contradicts the head of its stream.
        return new StoreOperationException(
            "The tables of the store contradict each other: the file is damaged or was changed by hand.",
            refusal ?? (Exception)new InvalidDataException());
    }
}
