using K1s0.EventStore.Sync.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Opens the node, answers peers, and calls others, for as long as the application runs. Stopping ends the sessions
/// that are under way; what was confirmed stays.
/// </summary>
internal sealed class SyncService(
    SyncHost host,
    Func<IReplicaStore> store,
    SyncHostOptions options,
    TimeProvider time,
    ILogger logger,
    Func<double> draw) : BackgroundService
{
    // Beyond this the longest backoff is reached, whatever the shortest is.
    private const int MostDoublings = 24;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            var node = await OpenAsync(stoppingToken).ConfigureAwait(false);
            logger.NodeOpened(node.Self, node.Tail);
            await RunAsync(node, stoppingToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The application stops.
        }
    }

    private async Task<ReplicaNode> OpenAsync(CancellationToken stoppingToken)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                return await ReplicaNode.OpenAsync(store(), options.Node, time, stoppingToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Whatever the store throws; it may be there later.
                var delay = Backoff(failures);
                logger.NodeNotOpened(delay, e);
                await Task.Delay(delay, time, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private async Task RunAsync(ReplicaNode node, CancellationToken stoppingToken)
    {
        var listener = options.ListenOn is { } endpoint
            ? TcpSyncListener.Start(
                node, endpoint, options.MaxSessions, outcome => Report("a caller", outcome), options.ListenWith)
            : null;
        try
        {
            if (listener is not null)
            {
                host.LocalEndPoint = listener.LocalEndPoint;
                logger.Listening(listener.LocalEndPoint);
            }

            node.Gossip = options.Gossip is { } gossiping ? new GossipNode(gossiping, time, draw) : null;
            var gossip = node.Gossip is null ? null : new GossipService(node, node.Gossip, time, logger, draw);
            host.Opened(node);
            await Task
                .WhenAll(host.Calls.Select(calls => FollowAsync(calls, node, stoppingToken))
                    .Append(gossip?.RunAsync(stoppingToken) ?? Task.CompletedTask))
                .ConfigureAwait(false);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken).ConfigureAwait(false);
        }
        finally
        {
            host.LocalEndPoint = null;
            if (listener is not null)
            {
                await listener.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task FollowAsync(PeerCalls calls, ReplicaNode node, CancellationToken stoppingToken)
    {
        while (true)
        {
            var before = calls.Status.Connection;
            var (outcome, roundTrip) = await CallAsync(calls, node, stoppingToken).ConfigureAwait(false);
            calls.Ended(outcome, roundTrip);
            Report(calls.Peer.Name, outcome);
            var now = calls.Status;
            if (now.Connection != before && now.Connection is ConnectionState.Online)
            {
                logger.PeerReached(calls.Peer.Name);
            }
            else if (now.Connection != before)
            {
                logger.PeerUnreachable(calls.Peer.Name, outcome.Reason, outcome.Detail);
            }

            // A tenth more or less, so that many nodes do not call at the same moment.
            var delay = now.Failures > 0 ? Backoff(now.Failures)
                : IsToGoOn(outcome) ? TimeSpan.Zero
                : options.Interval * (0.9 + (0.2 * draw()));
            await calls.RestAsync(delay, stoppingToken).ConfigureAwait(false);
        }
    }

    // Whatever a connection or the store throws ends this call and no other.
    private async Task<(SyncOutcome Outcome, TimeSpan? RoundTrip)> CallAsync(
        PeerCalls calls, ReplicaNode node, CancellationToken stoppingToken)
    {
        ISyncTransport opened;
        try
        {
            opened = await calls.Peer.ConnectAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            var reason = e is PeerRefusedException ? SyncEndReason.NotAuthenticated : SyncEndReason.Disconnected;
            return (new SyncOutcome(reason, e.Message, Report: null), null);
        }

        var transport = new MeteredTransport(opened, time) { Link = calls.Link };
        try
        {
            var outcome = await node
                .SynchroniseAsync(transport, SyncRole.Initiator, calls.Checkpoint, stoppingToken)
                .ConfigureAwait(false);
            return (outcome, transport.RoundTrip);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            logger.SessionFailed(calls.Peer.Name, e);
            return (new SyncOutcome(SyncEndReason.Failed, e.Message, Report: null), transport.RoundTrip);
        }
    }

    // Over a slow link a round leaves events for the next one, and each moves some.
    private static bool IsToGoOn(SyncOutcome outcome) =>
        outcome.Report is { EventsLeft: > 0 } report && report.EventsSent + report.EventsReceived > 0;

    private TimeSpan Backoff(int failures)
    {
        var full = options.MinBackoff * Math.Pow(2, Math.Min(failures - 1, MostDoublings));
        return (full < options.MaxBackoff ? full : options.MaxBackoff) * (1 - (draw() / 2));
    }

    private void Report(string peer, SyncOutcome outcome)
    {
        logger.SessionEnded(
            peer, outcome.Reason, outcome.Report?.EventsSent ?? 0, outcome.Report?.EventsReceived ?? 0);
        foreach (var (reason, count) in outcome.Report?.EventsRefused ?? new Dictionary<Admission, long>())
        {
            logger.EventsRefused(count, peer, reason);
        }

        if (outcome.Report is { Forks: [var first, ..] forks })
        {
            logger.LogsForked(forks.Count, peer, first);
        }
    }
}
