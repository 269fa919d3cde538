using System.Threading.Channels;

namespace K1s0.EventStore.Sync;

/// <summary>What is known of one peer that is called. One caller at a time changes it.</summary>
internal sealed class PeerCalls(SyncPeer peer, TimeProvider time, Action<SyncPeerStatus>? tell)
{
    private readonly ConnectionMeter _meter = new(time);
    private readonly DateTimeOffset _since = time.GetUtcNow();
    private readonly Channel<bool> _wishes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private volatile SyncPeerStatus _status = new(
        peer.Name, ConnectionState.Unknown, null, null, 0, null, null, 0);

    public SyncPeer Peer => peer;

    /// <summary>Measures the link.</summary>
    public LinkMeter Link { get; } = new();

    public SyncPeerStatus Status => _status;

    /// <summary>What both sides held after the last whole round.</summary>
    public VectorClock? Checkpoint { get; private set; }

    /// <summary>How long ago the last whole round was; from the start while there was none.</summary>
    public TimeSpan Lag => time.GetUtcNow() - (_status.LastCompletedAt ?? _since);

    public void Wake() => _wishes.Writer.TryWrite(true);

    public void Ended(SyncOutcome outcome, TimeSpan? roundTrip)
    {
        Link.Ended(outcome.IsCompleted);
        if (outcome.IsCompleted)
        {
            Checkpoint = outcome.Report!.Checkpoint;
            _meter.Answered(roundTrip ?? TimeSpan.Zero);
        }
        else
        {
            _meter.Unreachable();
        }

        _status = new SyncPeerStatus(
            peer.Name,
            _meter.State,
            _meter.ChangedAt,
            _meter.RoundTrip,
            _meter.Loss,
            outcome.IsCompleted ? time.GetUtcNow() : _status.LastCompletedAt,
            outcome,
            outcome.IsCompleted ? 0 : _status.Failures + 1)
        {
            Link = Link.Quality,
        };
        SyncTelemetry.RecordLag(peer.Name, Lag);
        SyncTelemetry.RecordLink(peer.Name, _status.Link);
        tell?.Invoke(_status);
    }

    /// <summary>Waits, or until somebody wants a call.</summary>
    public async Task RestAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        using var resting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wish = _wishes.Reader.WaitToReadAsync(resting.Token).AsTask();
        await Task.WhenAny(wish, Task.Delay(delay, time, resting.Token)).ConfigureAwait(false);
        await resting.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        _wishes.Reader.TryRead(out _);
    }
}
