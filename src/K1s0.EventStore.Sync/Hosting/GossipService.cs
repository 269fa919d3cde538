using K1s0.EventStore.Sync.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync;

/// <summary>Calls members and begins sessions as gossip wants it, for as long as the application runs.</summary>
internal sealed class GossipService(
    ReplicaNode node, GossipNode gossip, TimeProvider time, ILogger logger, Func<double> draw)
{
    // Only the loop changes it; at most one call and one session for each member are under way.
    private readonly List<Task> _underWay = [];

    public async Task RunAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task
                    .Delay(gossip.Options.Interval * (0.9 + (0.2 * draw())), time, stoppingToken)
                    .ConfigureAwait(false);
                _underWay.RemoveAll(task => task.IsCompleted);
                foreach (var action in gossip.Tick(node.Clock))
                {
                    _underWay.Add(DoAsync(action, stoppingToken));
                }

                Tell();
            }
        }
        finally
        {
            await Task.WhenAll(_underWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell()
    {
        foreach (var change in gossip.TakeChanges())
        {
            if (change.State is MemberState.Dead)
            {
                logger.MemberLost(change.Address);
            }
            else
            {
                logger.MemberFound(change.Address);
            }
        }

        SyncTelemetry.RecordMembers(gossip.Members);
    }

    private async Task DoAsync(GossipAction action, CancellationToken stoppingToken)
    {
        var toDo = new Queue<GossipAction>([action]);
        while (toDo.TryDequeue(out var next))
        {
            if (next is GossipAction.Synchronise session)
            {
                await SynchroniseAsync(session.Address, stoppingToken).ConfigureAwait(false);
                continue;
            }

            foreach (var more in await CallAsync((GossipAction.Call)next, stoppingToken).ConfigureAwait(false))
            {
                toDo.Enqueue(more);
            }
        }
    }

    private async Task<IReadOnlyList<GossipAction>> CallAsync(
        GossipAction.Call call, CancellationToken stoppingToken)
    {
        using var patience = new CancellationTokenSource(gossip.Options.Timeout, time);
        using var calling = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, patience.Token);
        try
        {
            var transport = await gossip.Options.ConnectAsync!(call.Address, calling.Token).ConfigureAwait(false);
            await using (transport.ConfigureAwait(false))
            {
                var request = gossip.Ask(call, node.ViewFor(transport.AuthenticatedPeer));
                using var exchange = new GossipCall(transport, node.Sync);
                var answer = await exchange.RunAsync(request, calling.Token).ConfigureAwait(false);
                SyncTelemetry.RecordExchange("answered");
                return gossip.Answered(call, answer, node.ViewFor(transport.AuthenticatedPeer));
            }
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            // Whatever a connection throws: the member was not reached.
            SyncTelemetry.RecordExchange("failed");
            logger.MemberNotReached(call.Address, e);
            return gossip.Failed(call);
        }
    }

    private async Task SynchroniseAsync(string address, CancellationToken stoppingToken)
    {
        SyncReport? report = null;
        try
        {
            var (checkpoint, link) = gossip.Known(address);
            var transport = await gossip.Options.ConnectAsync!(address, stoppingToken).ConfigureAwait(false);
            var outcome = await node.SynchroniseAsync(
                new MeteredTransport(transport, time) { Link = link }, SyncRole.Initiator, checkpoint, stoppingToken)
                .ConfigureAwait(false);
            report = outcome.Report;
            SyncTelemetry.RecordExchange("session");
            logger.SessionEnded(address, outcome.Reason, report?.EventsSent ?? 0, report?.EventsReceived ?? 0);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            logger.MemberNotReached(address, e);
        }
        finally
        {
            gossip.SessionEnded(address, report);
        }
    }
}
