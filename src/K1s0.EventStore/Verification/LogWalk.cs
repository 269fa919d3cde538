using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// Builds the log of the events anew and compares it with the one that the store keeps, and with the head that is known
/// from outside. Not thread-safe.
/// </summary>
/// <remarks>
/// A leaf is made of the digest and the link that stand with the event: both are recomputed by the streams' side of the
/// same verification, which reports every one that is not what the bytes give.
/// </remarks>
internal sealed class LogWalk : ILogWalk
{
    private const int MaxTilesAtOnce = 24;

    private readonly ILedgerStore _ledger;
    private readonly SealedHead _head;
    private readonly FindingList _findings;
    private readonly TileBuilder _builder = new();
    private readonly LeafComparison _ownLeaves;
    private readonly LeafComparison? _knownLeaves;
    private readonly RunComparison _runs;
    private readonly Queue<(string Name, long Size, Sha256Digest Root)> _heads;
    private readonly TreeHead? _known;
    private Position _last;

    private LogWalk(
        ILedgerStore ledger,
        SealedHead head,
        VerificationScope scope,
        IEnumerable<(string Name, long Size, Sha256Digest Root)> heads,
        FindingList findings)
    {
        (_ledger, _head, _findings, _known) = (ledger, head, findings, scope.KnownHead);
        _ownLeaves = new LeafComparison(ledger, head.Size, "the store's log", findings);
        _knownLeaves = scope is { KnownTiles: { } tiles, KnownHead: { } known }
            ? new LeafComparison(tiles, known.Size, "the known log", findings)
            : null;
        _runs = new RunComparison(ledger, head, findings);
        _heads = new(heads.Where(known => known.Size > 0).OrderBy(known => known.Size));
    }

    /// <summary>The number of leaves that were compared.</summary>
    public long Count => _builder.Size;

    public Position SealedTo => _head.LastPosition;

    // How far the tree is built: all that is sealed, or was known to be.
    private long Target => Math.Max(_head.Size, _known?.Size ?? 0);

    /// <summary>Begins; call it before the settled bound is read, so that all that is sealed is below it.</summary>
    public static async Task<LogWalk> BeginAsync(
        ILedgerStore ledger,
        VerificationScope scope,
        FindingList findings,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        List<(string Name, long Size, Sha256Digest Root)> heads = [];
        var head = SealedHead.Empty;
        try
        {
            // In this order: a sealer that works meanwhile must not make the signed head larger than the newest.
            var (signed, isMissing) = await StoredSignature
                .AskAsync(ledger, scope.Keys, timeProvider, cancellationToken).ConfigureAwait(false);
            if (signed is { Note: { } note })
            {
                heads.Add(Open(signed, note, scope, findings));
            }
            else if (isMissing)
            {
                Add(findings, "a signed head of the log", "no signature at all");
            }

            head = await ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false);
            heads.Add(("the newest head", head.Size, head.Root));
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            Add(findings, "a tree head", e.Message);
        }

        if (scope.KnownHead is { } known)
        {
            heads.Add(("the known head", known.Size, known.Root));
            if (known.Size > head.Size)
            {
                findings.Add(new StoreFinding(
                    StoreFindingKind.TailCutOff,
                    null,
                    StreamVersion.None,
                    Position.Start,
                    Invariant($"a log of {known.Size} leaves, as known"),
                    Invariant($"{head.Size}")));
            }
        }

        return new LogWalk(ledger, head, scope, heads, findings);
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
            Add(_findings, "the log", e.Message);
        }
    }

    /// <summary>Reports what should have come.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var (name, size, _) in _heads)
        {
            _findings.Add(new StoreFinding(
                StoreFindingKind.TailCutOff,
                null,
                StreamVersion.None,
                _last,
                Invariant($"{size} events, as {name} says"),
                Invariant($"{_builder.Size}")));
        }

        try
        {
            await _runs.EndAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (FeedWalk.IsUnreadable(e))
        {
            Add(_findings, "the log", e.Message);
        }
    }

    private async Task CompareAsync(
        IReadOnlyList<EventEnvelope> events, IReadOnlyList<Sha256Digest> leaves, CancellationToken cancellationToken)
    {
        var (start, count) = (_builder.Size, (int)Math.Min(events.Count, Target - _builder.Size));
        if (count <= 0)
        {
            return;
        }

        for (var i = 0; i < count; i++)
        {
            Append(events[i], leaves[i]);
        }

        var pairs = events.Take(count).Select((envelope, i) => (envelope, leaves[i])).ToArray();
        var inLog = (int)Math.Clamp(_head.Size - start, 0, count);
        await _ownLeaves.CompareAsync(start, pairs[..inLog], cancellationToken).ConfigureAwait(false);
        await _runs.CompareAsync(start, events.Take(inLog), cancellationToken).ConfigureAwait(false);
        if (_knownLeaves is not null)
        {
            await _knownLeaves.CompareAsync(start, pairs, cancellationToken).ConfigureAwait(false);
        }

        await CompareTilesAsync(cancellationToken).ConfigureAwait(false);
    }

    private static (string Name, long Size, Sha256Digest Root) Open(
        SealedHead stored, SignedNote note, VerificationScope scope, FindingList findings)
    {
        var isHead = TreeHead.TryParse(note.Text, out var head);
        if (!isHead || head!.Size != stored.Size || (scope.Keys.Count > 0 && !note.IsSignedBy(scope.Keys)))
        {
            Add(findings, Invariant($"a signature of the head of {stored.Size} leaves"), "none that is trusted");
        }

        return ("the signed head", head?.Size ?? stored.Size, head?.Root ?? stored.Root);
    }

    private static void Add(FindingList findings, string expected, string found) => findings.Add(
        new StoreFinding(StoreFindingKind.LogAltered, null, StreamVersion.None, Position.Start, expected, found));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Append(EventEnvelope envelope, Sha256Digest leaf)
    {
        _builder.Append(leaf);
        _last = envelope.Position;
        if (_builder.Size == _head.Size && envelope.Position != _head.LastPosition)
        {
            Add(
                _findings,
                Invariant($"the last leaf at position {envelope.Position}"),
                Invariant($"position {_head.LastPosition} in the newest head"));
        }

        while (_heads.TryPeek(out var head) && head.Size == _builder.Size)
        {
            _heads.Dequeue();
            if (head.Root != _builder.Root)
            {
                _findings.Add(new StoreFinding(
                    StoreFindingKind.LogAltered,
                    null,
                    StreamVersion.None,
                    envelope.Position,
                    Invariant($"root {head.Root} of {head.Size} leaves, as {head.Name} says"),
                    Invariant($"root {_builder.Root}")));
            }
        }
    }

    // Above the leaves: those are compared one by one.
    private async Task CompareTilesAsync(CancellationToken cancellationToken)
    {
        var built = _builder.TakeTiles()
            .Where(tile => tile.Tile.Level > 0 && IsInLog(tile.Tile))
            .ToArray();
        foreach (var some in built.Chunk(MaxTilesAtOnce))
        {
            try
            {
                var stored = await _ledger.ReadAsync([.. some.Select(tile => tile.Tile)], cancellationToken)
                    .ConfigureAwait(false);
                foreach (var (tile, bytes) in some.Zip(stored))
                {
                    if (bytes.Length < tile.Bytes.Length
                        || !bytes.Span[..tile.Bytes.Length].SequenceEqual(tile.Bytes.Span))
                    {
                        Add(_findings, $"{tile.Tile} as the events give it", "another one");
                    }
                }
            }
            catch (EventStoreException e) when (e is TileMissingException or InvalidFormatException)
            {
                Add(_findings, "the tiles of the log", e.Message);
            }
        }
    }

    private bool IsInLog(MerkleTile tile) =>
        (tile.Index * MerkleTile.FullWidth) + tile.Width <= MerkleTile.HashCount(tile.Level, _head.Size);
}
