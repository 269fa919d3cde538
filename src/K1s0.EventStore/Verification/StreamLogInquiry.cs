using System.Globalization;
using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Asks the log about one stream: whether the newest of its events that are sealed is under the log's newest head, and
/// that head continues the known one. Not thread-safe.
/// </summary>
internal sealed class StreamLogInquiry
{
    private readonly ILedgerStore _ledger;
    private readonly SealedHead _head;
    private readonly VerificationScope _scope;
    private readonly string? _fault;
    private EventEnvelope? _newest;

    private StreamLogInquiry(ILedgerStore ledger, SealedHead head, VerificationScope scope, string? fault) =>
        (_ledger, _head, _scope, _fault) = (ledger, head, scope, fault);

    public static async Task<StreamLogInquiry> BeginAsync(
        ILedgerStore ledger, VerificationScope scope, CancellationToken cancellationToken)
    {
        try
        {
            var signed = await ledger.GetSignedHeadAsync(cancellationToken).ConfigureAwait(false);
            var head = await ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            var isTrusted = scope.Keys.Count == 0 || signed?.Note is not { } note || note.IsSignedBy(scope.Keys);
            return new StreamLogInquiry(
                ledger, head, scope, isTrusted ? null : "a head with a signature that is not trusted");
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            return new StreamLogInquiry(ledger, SealedHead.Empty, scope, e.Message);
        }
    }

    /// <summary>The same events; the newest one that is sealed is kept.</summary>
    public async IAsyncEnumerable<EventEnvelope> FollowAsync(
        IAsyncEnumerable<EventEnvelope> events, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var envelope in events.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            _newest = envelope.Position <= _head.LastPosition ? envelope : _newest;
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

            return _newest is null ? null : await ProveAsync(_newest, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            return Finding("the log", e.Message);
        }
    }

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
