using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Compares a range of the feed with the log: that its leaves are there, and that the newest head, and so the known
/// one and the one that was signed, covers them and nothing between them. Not thread-safe.
/// </summary>
internal sealed class RangeLogWalk(
    ILedgerStore ledger, SealedHead head, TreeHead? signed, VerificationScope scope, FindingList findings) : ILogWalk
{
    private LeafComparison? _comparison;
    private MerkleRange? _range;

    public long Count => _range is null ? 0 : _range.End - _range.Start;

    public Position SealedTo => head.LastPosition;

    public static async Task<RangeLogWalk> BeginAsync(
        ILedgerStore ledger,
        VerificationScope scope,
        FindingList findings,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        var head = SealedHead.Empty;
        TreeHead? signed = null;
        try
        {
            // In this order: a sealer that works meanwhile must not make the signed head larger than the newest.
            var (stored, isMissing) = await StoredSignature
                .AskAsync(ledger, scope.Keys, timeProvider, cancellationToken).ConfigureAwait(false);
            signed = StoredSignature.Open(stored, scope.Keys, out var isTrusted);
            if (!isTrusted)
            {
                Add(findings, Invariant($"a signature of the head of {stored!.Size} leaves"), "none that is trusted");
            }
            else if (isMissing)
            {
                Add(findings, "a signed head of the log", "no signature at all");
            }

            head = await ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            Add(findings, "a tree head", e.Message);
        }

        return new RangeLogWalk(ledger, head, signed, scope, findings);
    }

    public async Task AddAsync(
        IReadOnlyList<EventEnvelope> events, IReadOnlyList<Sha256Digest> leaves, CancellationToken cancellationToken)
    {
        try
        {
            await CompareAsync(events, leaves, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            Add(findings, "the log", e.Message);
        }
    }

    public async Task EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            CheckEdges();
            await new RangeEdges(ledger, head, scope, findings).CheckAsync(_range, cancellationToken)
                .ConfigureAwait(false);
            if (scope.KnownHead is { } known)
            {
                await LogContinuity.CheckAsync(ledger, known, head, cancellationToken).ConfigureAwait(false);
            }

            if (signed is not null)
            {
                await LogContinuity.CheckAsync(ledger, signed, head, cancellationToken).ConfigureAwait(false);
            }

            if (_range is null || (_range.End <= head.Size && await IsCoveredAsync(_range, cancellationToken)
                .ConfigureAwait(false)))
            {
                return;
            }

            Add(findings, Invariant($"leaves {_range.Start} to {_range.End - 1} under root {head.Root}"), "others");
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            Add(findings, "the log that is known", e.Message);
        }
    }

    private async Task CompareAsync(
        IReadOnlyList<EventEnvelope> events, IReadOnlyList<Sha256Digest> leaves, CancellationToken cancellationToken)
    {
        var count = events.TakeWhile(envelope => envelope.Position <= head.LastPosition).Count();
        if (count == 0)
        {
            return;
        }

        if (_range is null)
        {
            var found = await ledger.FindAsync(events[0].Id, cancellationToken).ConfigureAwait(false);
            if (found is null || found.Index >= head.Size)
            {
                findings.Add(StoreFindingKind.Misfiled, events[0], "a leaf of the log", "none under the event's id");
                return;
            }

            _range = new MerkleRange(found.Index);
            _comparison = new LeafComparison(ledger, head.Size, "the store's log", findings);
        }

        var start = _range.End;
        for (var i = 0; i < count; i++)
        {
            _range.Append(leaves[i]);
        }

        await _comparison!
            .CompareAsync(
                start,
                [.. events.Take(count).Select((envelope, i) => (envelope, leaves[i]))],
                cancellationToken)
            .ConfigureAwait(false);
    }

    // Where the range begins at the start of the log, or ends behind its end, nothing may be missing there.
    private void CheckEdges()
    {
        if (scope.After == Position.Start && _range is { Start: > 0 } cut)
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.Deleted,
                null,
                StreamVersion.None,
                Position.Start,
                "leaf 0",
                Invariant($"leaf {cut.Start} first")));
        }

        var reached = _range?.End ?? 0;
        if (head.LastPosition > scope.After && !(scope.UpTo < head.LastPosition) && reached < head.Size)
        {
            findings.Add(new StoreFinding(
                StoreFindingKind.TailCutOff,
                null,
                StreamVersion.None,
                head.LastPosition,
                Invariant($"{head.Size} sealed events"),
                Invariant($"{reached}")));
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private async Task<bool> IsCoveredAsync(MerkleRange range, CancellationToken cancellationToken)
    {
        var proof = await SubtreeProof.CreateAsync(ledger, range.Start, range.End, head.Size, cancellationToken)
            .ConfigureAwait(false);
        return SubtreeProof.Verify(range, head.Size, proof, head.Root);
    }

    private static void Add(FindingList findings, string expected, string found) => findings.Add(new StoreFinding(
        StoreFindingKind.LogAltered, null, StreamVersion.None, Position.Start, expected, found));
}
