using System.Globalization;
using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Asks the log about one stream: whether the newest of its events that are sealed is under the log's newest head, and
/// that head continues the known one and the one that was signed. Not thread-safe.
/// </summary>
internal sealed class StreamLogInquiry
{
    private readonly ILedgerStore _ledger;
    private readonly IStreamCatalog? _catalog;
    private readonly SealedHead _head;
    private readonly VerificationScope _scope;
    private readonly TreeHead? _signed;
    private readonly string? _fault;
    private EventEnvelope? _newest;
    private EventEnvelope? _last;
    private StreamFinding? _misplaced;

    private StreamLogInquiry(
        ILedgerStore ledger,
        IStreamCatalog? catalog,
        VerificationScope scope,
        SealedHead head,
        TreeHead? signed,
        string? fault) =>
        (_ledger, _catalog, _scope, _head, _signed, _fault) = (ledger, catalog, scope, head, signed, fault);

    public static async Task<StreamLogInquiry> BeginAsync(
        ILedgerStore ledger,
        IStreamCatalog? catalog,
        VerificationScope scope,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        try
        {
            // In this order: a sealer that works meanwhile must not make the signed head larger than the newest.
            var (stored, isMissing) = await StoredSignature
                .AskAsync(ledger, scope.Keys, timeProvider, cancellationToken).ConfigureAwait(false);
            var head = await ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            var signed = StoredSignature.Open(stored, scope.Keys, out var isTrusted);
            var fault = isMissing ? "no signed head"
                : isTrusted ? null
                : "a head with a signature that is not trusted";
            return new StreamLogInquiry(ledger, catalog, scope, head, signed, fault);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            return new StreamLogInquiry(ledger, catalog, scope, SealedHead.Empty, signed: null, e.Message);
        }
    }

    /// <summary>The same events; the newest one that is sealed is kept.</summary>
    public async IAsyncEnumerable<EventEnvelope> FollowAsync(
        IAsyncEnumerable<EventEnvelope> events, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var envelope in events.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            CheckOrder(envelope);
            _newest = envelope.Position <= _head.LastPosition ? envelope : _newest;
            _last = envelope;
            yield return envelope;
        }
    }

    /// <summary>What is wrong; null when nothing is.</summary>
    public async Task<StreamFinding?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_fault is not null)
            {
                return Finding("the log", _fault);
            }

            if (_scope.KnownHead is { } known)
            {
                await LogContinuity.CheckAsync(_ledger, known, _head, cancellationToken).ConfigureAwait(false);
            }

            if (_signed is not null)
            {
                await LogContinuity.CheckAsync(_ledger, _signed, _head, cancellationToken).ConfigureAwait(false);
            }

            return await FindMisplacedAsync(cancellationToken).ConfigureAwait(false)
                ?? (_newest is null ? null : await ProveAsync(_newest, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            return Finding("the log", e.Message);
        }
    }

    // Positions decide which events are sealed, and no link covers them.
    private void CheckOrder(EventEnvelope envelope)
    {
        if (_last is not null && envelope.Position <= _last.Position)
        {
            _misplaced ??= Misplaced(envelope, $"a position behind {_last.Position}");
        }
    }

    private async Task<StreamFinding?> FindMisplacedAsync(CancellationToken cancellationToken)
    {
        if (_misplaced is not null || _catalog is null || _last is null || _last.Position <= _head.LastPosition)
        {
            return _misplaced;
        }

        var given = await _catalog.GetLastPositionAsync(cancellationToken).ConfigureAwait(false);
        return _last.Position <= given
            ? null
            : Misplaced(_last, $"a position up to {given}, the last that was given out");
    }

    private static StreamFinding Misplaced(EventEnvelope envelope, FormattableString expected) => new(
        StreamFindingKind.HistoryReplaced,
        new StreamVersion(envelope.Version),
        expected.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"position {envelope.Position}"));

    private async Task<StreamFinding?> ProveAsync(EventEnvelope envelope, CancellationToken cancellationToken)
    {
        var leaf = LeafRecord.Of(envelope).LeafHash();
        var found = await _ledger.FindAsync(envelope.Id, cancellationToken).ConfigureAwait(false);
        if (found is null || found.Index < 0 || found.Index >= _head.Size)
        {
            return Finding("a leaf of the log", "none under the event's id");
        }

        var path = await InclusionProof.CreateAsync(_ledger, found.Index, _head.Size, cancellationToken)
            .ConfigureAwait(false);
        return InclusionProof.Verify(leaf, found.Index, _head.Size, path, _head.Root)
            ? null
            : Finding(
                string.Create(CultureInfo.InvariantCulture, $"leaf {found.Index} under root {_head.Root}"),
                $"leaf {leaf}");
    }

    private StreamFinding Finding(string expected, string found) => new(
        StreamFindingKind.HistoryReplaced, new StreamVersion(_newest?.Version ?? 0), expected, found);
}
