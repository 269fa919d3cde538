using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Looks at the leaves right beside a range. Where the event of one is not there, or stands in the range, it is the
/// range that has lost it: nothing within the range tells. Not thread-safe.
/// </summary>
internal sealed class RangeEdges(
    ILedgerStore ledger, SealedHead head, VerificationScope scope, FindingList findings)
{
    /// <summary>Checks both edges that lie within the log.</summary>
    /// <param name="leaves">The leaves of the range; null when no event of it came.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    public async Task CheckAsync(MerkleRange? leaves, CancellationToken cancellationToken)
    {
        if (head.LastPosition <= scope.After)
        {
            return;
        }

        var start = leaves?.Start ?? await FindStartAsync(cancellationToken).ConfigureAwait(false);
        if (scope.After != Position.Start && start > 0)
        {
            await CheckAsync(
                start - 1,
                position => position <= scope.After,
                Invariant($"at a position up to {scope.After}"),
                cancellationToken).ConfigureAwait(false);
        }

        if (scope.UpTo is { } upTo && upTo < head.LastPosition)
        {
            await CheckAsync(
                leaves?.End ?? start,
                position => position > upTo,
                Invariant($"at a position behind {upTo}"),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private async Task CheckAsync(
        long index, Predicate<Position> isOutside, string place, CancellationToken cancellationToken)
    {
        var envelope = await LoadAsync(index, cancellationToken).ConfigureAwait(false);
        var leaf = await ReadLeafAsync(index, cancellationToken).ConfigureAwait(false);
        if (envelope is not null && isOutside(envelope.Position) && LeafRecord.Of(envelope).LeafHash() == leaf)
        {
            return;
        }

        findings.Add(new StoreFinding(
            StoreFindingKind.Deleted,
            null,
            StreamVersion.None,
            envelope?.Position ?? Position.Start,
            Invariant($"the event of leaf {index}, {leaf}, {place}"),
            envelope is null ? "none" : Invariant($"event {envelope.Id} at position {envelope.Position}")));
    }

    // The first leaf behind the beginning of the range, by what the store says: no event of the range tells.
    private async Task<long> FindStartAsync(CancellationToken cancellationToken)
    {
        var (low, high) = (0L, head.Size);
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            var envelope = await LoadAsync(middle, cancellationToken).ConfigureAwait(false);
            (low, high) = envelope?.Position <= scope.After ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    // What the store has in the place of a leaf.
    private async Task<EventEnvelope?> LoadAsync(long index, CancellationToken cancellationToken) =>
        index < head.Size
        && await ledger.ReadSealedAsync(index, 1, cancellationToken).ConfigureAwait(false) is [var record]
            ? await ledger.LoadEventAsync(record.EventId, cancellationToken).ConfigureAwait(false)
            : null;

    private async Task<Sha256Digest> ReadLeafAsync(long index, CancellationToken cancellationToken)
    {
        if (index >= head.Size)
        {
            return default;
        }

        var (tile, at) = Math.DivRem(index, MerkleTile.FullWidth);
        var bytes = (await ledger
            .ReadAsync([MerkleTile.InTree(0, tile, head.Size)], cancellationToken).ConfigureAwait(false))[0];
        var end = (int)(at + 1) * Sha256Digest.Length;
        return bytes.Length >= end ? new Sha256Digest(bytes.Span[(end - Sha256Digest.Length)..end]) : default;
    }
}
