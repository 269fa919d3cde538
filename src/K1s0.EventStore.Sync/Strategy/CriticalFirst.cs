namespace K1s0.EventStore.Sync;

/// <summary>
/// The part of a round that goes ahead: events of critical streams, and stubs of all that they build on. Finds out what
/// that is by reading through what the peer lacks, then reads it again to send it.
/// </summary>
internal sealed class CriticalFirst(
    Func<StreamId, bool> isCritical, VectorClock after, VectorClock upTo, SyncOptions options)
{
    // What lies further behind comes ahead in a later round.
    private const int MaxScannedEvents = 16_384;
    private const int MaxScannedBytes = 32 * 1024 * 1024;

    // Of what goes, so much is of others, so that they are not held up for ever.
    private const int OneInBytes = 20;

    private readonly Dictionary<Origin, VectorClock> _contexts = [];
    private readonly VectorClock _reachable = after.Merge(upTo);
    private readonly VectorClock _start = after;
    private readonly VectorClock _upTo = upTo;
    private VectorClock _at = after;
    private VectorClock _needed = VectorClock.Empty;
    private int _scanned;
    private long _scannedBytes;
    private long _bytesAhead;
    private long _bytesOfOthers;
    private bool _holdsBack;

    private enum Phase
    {
        Scanning,
        Sending,
        Over,
    }

    private Phase _phase = Phase.Scanning;

    public bool IsOver => _phase is Phase.Over;

    /// <summary>Whether others are to have their part before more goes ahead.</summary>
    public bool OthersAreDue => _phase is Phase.Sending && _bytesOfOthers * (OneInBytes - 1) < _bytesAhead;

    /// <summary>How many bytes went ahead.</summary>
    public long Bytes => _bytesAhead;

    /// <summary>How many bytes of others are to go then.</summary>
    public int BytesOfOthers =>
        (int)Math.Clamp((_bytesAhead / (OneInBytes - 1)) - _bytesOfOthers, 1, options.BatchBytes);

    /// <summary>Behind what the next page begins.</summary>
    public VectorClock At => _at;

    public SyncOutput.Read Read => new(
        _at, _phase is Phase.Scanning ? _upTo : _needed, options.BatchEvents, options.BatchBytes);

    /// <summary>Takes a page that follows <see cref="At"/>; gives what is to be sent of it.</summary>
    /// <param name="page">Events in causal order.</param>
    /// <param name="at">What <see cref="At"/> is behind them.</param>
    /// <param name="sent">What has been sent whole meanwhile.</param>
    public IReadOnlyList<SyncEvent> Take(IReadOnlyList<SyncEvent> page, VectorClock at, VectorClock sent)
    {
        _at = at;
        if (_phase is Phase.Sending)
        {
            _phase = _at.Covers(_needed) ? Phase.Over : Phase.Sending;
            return [.. page.Where(next => !sent.Covers(next.Dot))];
        }

        foreach (var next in page)
        {
            Look(next);
        }

        _scanned += page.Count;
        _scannedBytes += page.Sum(next => (long)next.Size);
        if (_at.Covers(_upTo) || _scanned >= MaxScannedEvents || _scannedBytes >= MaxScannedBytes)
        {
            // Without anything to hold back, the usual order is as good.
            (_phase, _at) = (_needed.Count > 0 && _holdsBack ? Phase.Sending : Phase.Over, _start);
        }

        return [];
    }

    /// <summary>Whether only a stub of an event goes ahead.</summary>
    public bool IsHeldBack(SyncEvent next) => !isCritical(next.Envelope.StreamId);

    public void SentAhead(int bytes) => _bytesAhead += bytes;

    public void SentOthers(int bytes) => _bytesOfOthers += bytes;

    // The context of a log is the whole causal past of its last event, as far as that is not over there.
    private void Look(SyncEvent next)
    {
        var origin = next.Dot.Origin;
        var context = _contexts.GetValueOrDefault(origin, VectorClock.Empty).Merge(next.Observed);
        _contexts[origin] = context;
        _holdsBack |= IsHeldBack(next);
        if (isCritical(next.Envelope.StreamId) && _reachable.Covers(context))
        {
            _needed = _needed.Merge(context).Observe(next.Dot);
        }
    }
}
