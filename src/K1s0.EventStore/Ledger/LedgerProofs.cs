using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>Proofs for outsiders, out of the stored log. Thread-safe.</summary>
/// <remarks>
/// Every proof is verified before it is handed out, so an event or a tile that was changed behind the store's back ends
/// in <see cref="LogDivergedException"/> and not in a proof that fails elsewhere. A head is signed only when it is as
/// durable as the store makes it, so no failover takes back what was proved.
/// </remarks>
public sealed class LedgerProofs
{
    private readonly ILedgerStore _ledger;

    /// <summary>Proofs out of a log.</summary>
    /// <param name="ledger">The log.</param>
    public LedgerProofs(ILedgerStore ledger)
    {
        ArgumentNullException.ThrowIfNull(ledger);
        _ledger = ledger;
    }

    /// <summary>
    /// Proves that the newest signed head covers an event. Two queries: the event, and the tiles; more where the event
    /// is in the archive.
    /// </summary>
    /// <param name="eventId">The event.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The proof, to be handed out with the event; null when the store has no such event.</returns>
    /// <exception cref="EventNotSealedException">The event is stored, but under no signed head yet.</exception>
    /// <exception cref="EventsArchivedException">
    /// It, or the event before it, is in the archive, and the store was not given one to read from.
    /// </exception>
    /// <exception cref="RestoreRequiredException">Its batch in the archive has to be restored first.</exception>
    /// <exception cref="LogDivergedException">
    /// The event, the one before it, or the log, is not what was signed; or one of them stands twice.
    /// </exception>
    public async Task<EventProof?> ProveEventAsync(Guid eventId, CancellationToken cancellationToken = default)
    {
        var leaf = await _ledger.FindAsync(eventId, cancellationToken).ConfigureAwait(false);
        if (leaf is null)
        {
            return null;
        }

        if (leaf.Note is null)
        {
            throw new EventNotSealedException(eventId);
        }

        var head = TreeHead.Parse(leaf.Note.Text);
        if (leaf.Index >= head.Size)
        {
            throw new EventNotSealedException(eventId);
        }

        var path = await LogContinuity
            .CoveredAsync(
                head, head.Size, InclusionProof.CreateAsync(_ledger, leaf.Index, head.Size, cancellationToken))
            .ConfigureAwait(false);
        if (!InclusionProof.Verify(leaf.Record.LeafHash(), leaf.Index, head.Size, path, head.Root))
        {
            throw new LogDivergedException(
                head, head.Size, $"Event {eventId}, or the log around it, was changed after it was sealed.");
        }

        // The link before comes from another row, which no leaf of this proof covers.
        return IsLinked(leaf.Record, leaf.PreviousLink)
            ? new EventProof(leaf.Record, leaf.PreviousLink, leaf.Index, path, leaf.Note)
            : throw new LogDivergedException(
                head, head.Size, $"The event before event {eventId} was changed after it was sealed.");
    }

    /// <summary>
    /// The event in a file of its own, see <see cref="EventFile"/>: with its proof, all that an outsider needs.
    /// </summary>
    /// <param name="eventId">The event.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The bytes of the file; null when the store has no such event.</returns>
    /// <exception cref="LogDivergedException">The event is not what its digest says, or stands twice.</exception>
    /// <exception cref="EventsArchivedException">
    /// It is in the archive, and the store was not given one to read from.
    /// </exception>
    /// <exception cref="RestoreRequiredException">Its batch in the archive has to be restored first.</exception>
    public async Task<byte[]?> ExportEventAsync(Guid eventId, CancellationToken cancellationToken = default)
    {
        var envelope = await _ledger.LoadEventAsync(eventId, cancellationToken).ConfigureAwait(false);
        if (envelope is null)
        {
            return null;
        }

        if (ContentDigest.Compute(envelope) == envelope.ContentDigest)
        {
            return EventFile.ToUtf8(envelope);
        }

        var stored = await _ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        throw new LogDivergedException(
            stored.ToTreeHead("of this store"), stored.Size, $"Event {eventId} was changed after it was appended.");
    }

    /// <summary>Proves that a log only grew between two heads that somebody remembers. One query.</summary>
    /// <param name="first">The smaller head.</param>
    /// <param name="second">The larger head.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The proof, see <see cref="ConsistencyProof.Verify"/>; at most 64 hashes.</returns>
    /// <exception cref="ArgumentException">The first head is the larger one, or they are of two logs.</exception>
    /// <exception cref="LogDivergedException">
    /// One of the heads is none of this log, or the log lost its end.
    /// </exception>
    public async Task<IReadOnlyList<Sha256Digest>> ProveConsistencyAsync(
        TreeHead first, TreeHead second, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Size > second.Size || !string.Equals(first.Origin, second.Origin, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                "The first head must be the smaller one, and of the same log.", nameof(first));
        }

        try
        {
            var path = await ConsistencyProof.CreateAsync(_ledger, first.Size, second.Size, cancellationToken)
                .ConfigureAwait(false);
            if (ConsistencyProof.Verify(first.Size, first.Root, second.Size, second.Root, path))
            {
                return path;
            }
        }
        catch (Exception e) when (e is TileMissingException or InvalidFormatException)
        {
            // The log is shorter than the head: said below.
        }

        var stored = await _ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        throw new LogDivergedException(second, stored.Size, "One of the two heads is none of the stored log.");
    }

    private static bool IsLinked(LeafRecord record, Sha256Digest previous) =>
        (record.Version.Value > 1 || previous == StreamChain.Genesis(record.StreamTag))
        && StreamChain.Next(record.StreamTag, record.Version.Value, previous, record.ContentDigest) == record.ChainHash;
}
