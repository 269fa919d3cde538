using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Events as the log sees them, made of what is stored of them, wherever it is. Thread-safe.</summary>
/// <remarks>
/// The database is asked first. What left it before is in the archive's books by then, so nothing is missed while a
/// month leaves.
/// </remarks>
internal sealed class StoredLeaves(PostgresDatabase database, ArchivedLeaves archive)
{
    private const int PreviousLinkColumn = 8;
    private const int IndexColumn = 9;
    private const int NoteColumn = 10;

    /// <inheritdoc cref="ILedgerStore.FindAsync"/>
    public async Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var row = new LeafRow();
        var rows = await database.QueryAsync(
            "find_leaf",
            parameters => parameters.Add(new NpgsqlParameter<Guid> { TypedValue = eventId }),
            reader => ReadFound(row, reader),
            cancellationToken).ConfigureAwait(false);
        return FoundEvent.One(eventId, rows) switch
        {
            null => await archive.FindAsync(eventId, cancellationToken).ConfigureAwait(false),
            { IsWhole: true } found => found.Leaf,
            var found => await archive.WithPreviousAsync(found.Leaf, found.StreamId, cancellationToken)
                .ConfigureAwait(false),
        };
    }

    /// <inheritdoc cref="ILedgerStore.LoadEventAsync"/>
    public async Task<EventEnvelope?> LoadEventAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync(
            "load_event",
            parameters => parameters.Add(new NpgsqlParameter<Guid> { TypedValue = eventId }),
            new EventRow().Read,
            cancellationToken).ConfigureAwait(false);
        return FoundEvent.One(eventId, rows)
            ?? await archive.LoadAsync(eventId, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Events behind a position and not behind another, in order: as many as there are, up to
    /// <paramref name="maxCount"/>.
    /// </summary>
    public async Task<List<SettledLeaf>> ReadUnsealedAsync(
        Position after, Position bound, int maxCount, CancellationToken cancellationToken)
    {
        var leaves = new List<SettledLeaf>();
        while (after < bound && leaves.Count < maxCount)
        {
            if (after < archive.Known)
            {
                var (archived, readTo) = await archive.ReadAsync(
                    after, bound, maxCount - leaves.Count, cancellationToken).ConfigureAwait(false);
                leaves.AddRange(archived);
                after = readTo;
                if (leaves.Count == maxCount)
                {
                    break;
                }
            }

            try
            {
                leaves.AddRange(await ReadUnsealedHotAsync(
                    after, bound, maxCount - leaves.Count, cancellationToken).ConfigureAwait(false));
                break;
            }
            catch (EventsArchivedException e)
            {
                archive.Note(e);
            }
        }

        return leaves;
    }

    /// <inheritdoc cref="ILedgerStore.ReadSealedAsync"/>
    public async Task<List<LeafRecord>> ReadSealedAsync(
        long firstIndex, int count, CancellationToken cancellationToken)
    {
        var leaves = new List<LeafRecord>();
        while (leaves.Count < count)
        {
            var (next, room) = (firstIndex + leaves.Count, count - leaves.Count);
            try
            {
                leaves.AddRange(await ReadSealedHotAsync(next, room, cancellationToken).ConfigureAwait(false));
                break;
            }
            catch (EventsArchivedException)
            {
                var archived = await archive.ReadSealedAsync(next, room, cancellationToken).ConfigureAwait(false);
                if (archived.Count == 0)
                {
                    throw;
                }

                leaves.AddRange(archived);
            }
        }

        return leaves;
    }

    private static FoundLeaf ReadFound(LeafRow row, NpgsqlDataReader reader)
    {
        var record = row.Read(reader).Record;
        var hasPrevious = !reader.IsDBNull(PreviousLinkColumn);
        return new FoundLeaf(
            new LocatedLeaf(
                record,
                hasPrevious ? row.ReadDigest(reader, PreviousLinkColumn) : StreamChain.Genesis(record.StreamTag),
                reader.IsDBNull(IndexColumn) ? long.MaxValue : reader.GetInt64(IndexColumn),
                LeafRow.ReadNote(reader, NoteColumn)),
            LeafRow.ReadStream(reader),
            hasPrevious || record.Version.Value == 1);
    }

    private Task<List<SettledLeaf>> ReadUnsealedHotAsync(
        Position after, Position bound, int maxCount, CancellationToken cancellationToken) =>
        database.QueryAsync(
            "read_unsealed_leaves",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = after.Value });
                parameters.Add(new NpgsqlParameter<long> { TypedValue = bound.Value });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = maxCount });
            },
            new LeafRow().Read,
            cancellationToken);

    private Task<List<LeafRecord>> ReadSealedHotAsync(
        long firstIndex, int count, CancellationToken cancellationToken)
    {
        var row = new LeafRow();
        return database.QueryAsync(
            "read_sealed_leaves",
            parameters =>
            {
                parameters.Add(new NpgsqlParameter<long> { TypedValue = firstIndex });
                parameters.Add(new NpgsqlParameter<int> { TypedValue = count });
            },
            reader => row.Read(reader).Record,
            cancellationToken);
    }

    // Whole when the link before it came along; otherwise the event before may have left the database.
    private sealed record FoundLeaf(LocatedLeaf Leaf, StreamId StreamId, bool IsWhole);
}
