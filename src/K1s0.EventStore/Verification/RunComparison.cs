using System.Globalization;

namespace K1s0.EventStore;

/// <summary>Compares the places that the ledger keeps for its leaves with the events. Not thread-safe.</summary>
internal sealed class RunComparison(ILedgerStore ledger, SealedHead head, FindingList findings)
{
    private const int PageSize = 1_000;

    private readonly Queue<LeafRun> _next = new();
    private LeafRun? _run;
    private long _readFrom;
    private bool _isAtEnd;

    public async Task CompareAsync(
        long start, IEnumerable<EventEnvelope> events, CancellationToken cancellationToken)
    {
        var index = start;
        foreach (var envelope in events)
        {
            while (await PeekAsync(index, cancellationToken).ConfigureAwait(false) is { } next
                && next.FirstIndex <= index)
            {
                _run = _next.Dequeue();
            }

            if (_run is not { } run || run.FirstPosition.Value + index - run.FirstIndex != envelope.Position.Value)
            {
                findings.Add(
                    StoreFindingKind.Misfiled,
                    envelope,
                    string.Create(CultureInfo.InvariantCulture, $"leaf {index} at this position"),
                    _run is { } found
                        ? string.Create(
                            CultureInfo.InvariantCulture,
                            $"position {found.FirstPosition.Value + index - found.FirstIndex}")
                        : "no run of leaves");
            }

            index++;
        }
    }

    /// <summary>What is kept behind the last leaf must be about leaves that came since.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        var size = head.Size;
        while (await PeekAsync(_readFrom, cancellationToken).ConfigureAwait(false) is { } run)
        {
            _next.Dequeue();
            if (run.FirstIndex >= size)
            {
                // Sealed since it was last asked, if at all: runs are read page by page while the log grows.
                size = (await ledger.GetHeadAsync(cancellationToken).ConfigureAwait(false)).Size;
            }

            if (run.FirstPosition <= head.LastPosition || run.FirstIndex >= size)
            {
                findings.Add(new StoreFinding(
                    StoreFindingKind.Misfiled,
                    null,
                    StreamVersion.None,
                    run.FirstPosition,
                    string.Create(CultureInfo.InvariantCulture, $"a leaf below {head.Size}"),
                    string.Create(CultureInfo.InvariantCulture, $"leaf {run.FirstIndex}")));
            }
        }
    }

    private async Task<LeafRun?> PeekAsync(long index, CancellationToken cancellationToken)
    {
        if (_next.Count == 0 && !_isAtEnd)
        {
            var runs = await ledger.ReadRunsAsync(_readFrom == 0 ? index : _readFrom, PageSize, cancellationToken)
                .ConfigureAwait(false);
            foreach (var run in runs)
            {
                _next.Enqueue(run);
                _readFrom = run.FirstIndex + 1;
            }

            _isAtEnd = runs.Count < PageSize;
        }

        return _next.TryPeek(out var next) ? next : null;
    }
}
