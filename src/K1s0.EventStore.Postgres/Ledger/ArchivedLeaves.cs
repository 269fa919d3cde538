using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Leaves of events that have left the database: made of what the archive has, at the places that the log says.
/// Thread-safe.
/// </summary>
internal sealed class ArchivedLeaves(PostgresDatabase database, ArchiveBorder border)
{
    /// <summary>Up to which position events are in the archive, as far as anybody here has noticed.</summary>
    public Position Known => border.Known;

    /// <summary>Somebody met the border.</summary>
    public void Note(EventsArchivedException refusal) => border.Note(refusal.Through);

    /// <summary>One event; null when the archive has none of this id.</summary>
    /// <exception cref="EventsArchivedException">It is in the archive, and there is none to read from.</exception>
    public async Task<EventEnvelope?> LoadAsync(Guid eventId, CancellationToken cancellationToken) =>
        FoundEvent.One(eventId, await border.FindAsync([eventId], cancellationToken).ConfigureAwait(false));

    /// <summary>The leaf of an event; null when the archive has none of this id.</summary>
    /// <inheritdoc cref="LoadAsync" path="/exception"/>
    public async Task<LocatedLeaf?> FindAsync(Guid eventId, CancellationToken cancellationToken)
    {
        var envelope = await LoadAsync(eventId, cancellationToken).ConfigureAwait(false);
        if (envelope is null)
        {
            return null;
        }

        var places = await database.QueryAsync(
            "find_leaf_place",
            parameters => parameters.Add(new NpgsqlParameter<long> { TypedValue = envelope.Position.Value }),
            static reader => (
                Index: reader.IsDBNull(0) ? long.MaxValue : reader.GetInt64(0),
                Note: LeafRow.ReadNote(reader, 1)),
            cancellationToken).ConfigureAwait(false);
        var leaf = new LocatedLeaf(
            LeafRecord.Of(envelope),
            StreamChain.Genesis(StreamChain.Tag(envelope.StreamId)),
            places[0].Index,
            places[0].Note);
        return envelope.Version > 1
            ? await WithPreviousAsync(leaf, envelope.StreamId, cancellationToken).ConfigureAwait(false)
            : leaf;
    }

    /// <summary>
    /// A leaf whose event is not the first of its stream, with the link of the event before it; as it is, when the
    /// archive does not have that.
    /// </summary>
    /// <exception cref="EventsArchivedException">
    /// That event is in the archive, and there is none to read from.
    /// </exception>
    public async Task<LocatedLeaf> WithPreviousAsync(
        LocatedLeaf leaf, StreamId streamId, CancellationToken cancellationToken)
    {
        var previous = leaf.Record.Version.Value - 1;
        var found = await border.ReadStreamAsync(
            streamId, previous, previous, 1, isForward: true, transaction: null, cancellationToken)
            .ConfigureAwait(false);
        return found is [var one] ? leaf with { PreviousLink = one.ChainHash } : leaf;
    }

    /// <summary>The leaves from an index on, as far as their events are in the archive, in order.</summary>
    /// <exception cref="EventsArchivedException">They are, and there is none to read from.</exception>
    public async Task<List<LeafRecord>> ReadSealedAsync(
        long firstIndex, int maxCount, CancellationToken cancellationToken)
    {
        var ends = await database.QueryAsync(
            "find_leaf_position",
            parameters => parameters.Add(new NpgsqlParameter<long> { TypedValue = firstIndex }),
            static reader => reader.IsDBNull(0) || reader.IsDBNull(1)
                ? (First: 1L, Last: 0L)
                : (First: reader.GetInt64(0), Last: reader.GetInt64(1)),
            cancellationToken).ConfigureAwait(false);
        var (first, last) = ends[0];
        var (settled, _) = await ReadAsync(
            new Position(first - 1), new Position(Math.Max(first - 1, last)), maxCount, cancellationToken)
            .ConfigureAwait(false);
        return settled.ConvertAll(leaf => leaf.Record);
    }

    /// <summary>
    /// What the log commits to of events behind a position, as far as they are in the archive, in order; and up to
    /// where these are all.
    /// </summary>
    /// <inheritdoc cref="ReadSealedAsync" path="/exception"/>
    public async Task<(List<SettledLeaf> Leaves, Position ReadTo)> ReadAsync(
        Position after, Position to, int maxCount, CancellationToken cancellationToken)
    {
        var leaves = new List<SettledLeaf>();
        while (leaves.Count < maxCount && after < to
            && await border.ReadFeedAsync(after, null, maxCount - leaves.Count, cancellationToken)
                .ConfigureAwait(false) is { } stretch)
        {
            leaves.AddRange(stretch.Events
                .TakeWhile(envelope => envelope.Position <= to)
                .Select(static envelope => new SettledLeaf(envelope.Position, LeafRecord.Of(envelope))));
            after = stretch.ReadTo;
        }

        return (leaves, after);
    }
}
