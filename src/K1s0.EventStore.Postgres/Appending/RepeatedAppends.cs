using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Answers appends whose event ids are stored already: they were made before, or the ids are taken.</summary>
internal sealed class RepeatedAppends(AppendSender sender, ArchiveBorder border)
{
    /// <summary>The answer that the appends got when they were made.</summary>
    /// <exception cref="AttemptFailedException">
    /// They were not made like this: an id belongs to another event.
    /// </exception>
    public async Task<AppendResult[]> FindAsync(
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        IReadOnlyList<ValidatedAppend> appends,
        CancellationToken cancellationToken)
    {
        var ids = appends.SelectMany(append => append.Events).Select(envelope => envelope.Id).ToArray();
        var rows = await sender.SendAsync(
            connection,
            transaction,
            "stored_events",
            parameters => parameters.Add(
                new NpgsqlParameter<Guid[]>
                {
                    TypedValue = ids,
                    NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid,
                }),
            StoredEvent.Read,
            cancellationToken).ConfigureAwait(false);
        var stored = rows!.ToDictionary(row => row.EventId);
        if (stored.Count < ids.Length)
        {
            // An append is stored in one transaction, but its month may have left the database since.
            var missing = ids.Where(id => !stored.ContainsKey(id)).ToHashSet();
            foreach (var envelope in await border.FindAsync(missing, cancellationToken).ConfigureAwait(false))
            {
                stored[envelope.Id] = StoredEvent.Of(envelope);
            }
        }

        var repeated = appends.Select(append => Repeated(append, stored)).OfType<AppendResult>().ToArray();
        return repeated.Length == appends.Count ? repeated : throw Reused(appends, stored);
    }

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
            RecordedAt = last.RecordedAt,
            WasRepeated = true,
        };
    }

    // Names an id whose content differs, if there is one; otherwise one that is stored while its neighbours are not.
    private static AttemptFailedException Reused(
        IReadOnlyList<ValidatedAppend> appends, Dictionary<Guid, StoredEvent> stored)
    {
        var found = appends
            .SelectMany(append => append.Events.Zip(append.ContentDigests))
            .Where(pair => stored.ContainsKey(pair.First.Id))
            .OrderBy(pair => stored[pair.First.Id].ContentDigest == pair.Second)
            .Select(pair => pair.First.Id);
        return new AttemptFailedException(
            new EventIdReusedException(found.FirstOrDefault(appends[0].Events[0].Id)),
            AttemptOutcome.NeverWritten,
            isWorthRepeating: false);
    }
}
