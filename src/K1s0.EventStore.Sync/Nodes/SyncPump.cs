namespace K1s0.EventStore.Sync;

/// <summary>Moves frames between a session and its transport. Reading never waits for writing, so two sides that both
/// send cannot block each other.</summary>
internal sealed class SyncPump(ReplicaNode node, ISyncTransport transport)
{
    private readonly IncomingFrames _incoming = new(node.Sync.WindowBytes);
    private Task<ReadOnlyMemory<byte>?>? _next;

    public async Task<SyncOutcome> RunAsync(
        SyncRole role,
        VectorClock? checkpoint,
        CancellationToken cancellationToken,
        Snapshots.SnapshotRequest? wanted = null)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = _incoming.FillAsync(transport, ending.Token);
        try
        {
            using var session = node.NewSession(role, checkpoint, transport.AuthenticatedPeer, wanted);
            var outcome = await RunAsync(session, role, cancellationToken).ConfigureAwait(false);
            return outcome with { Snapshot = session.Snapshot };
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await transport.DisposeAsync().ConfigureAwait(false);
            await receiving.ConfigureAwait(false);
        }
    }

    private async Task<SyncOutcome> RunAsync(SyncSession session, SyncRole role, CancellationToken cancellationToken)
    {
        SyncReport? report = null;
        var inputs = new Queue<SyncInput>([new SyncInput.Started()]);
        while (true)
        {
            var input = inputs.TryDequeue(out var next)
                ? next
                : await NextInputAsync(session, cancellationToken).ConfigureAwait(false);
            foreach (var output in await node.StepAsync(session, input, cancellationToken).ConfigureAwait(false))
            {
                switch (output)
                {
                    case SyncOutput.Send send:
                        if (await SendAsync(send.Frame, cancellationToken).ConfigureAwait(false) is { } failed)
                        {
                            return failed with { Report = report };
                        }

                        break;
                    case SyncOutput.Snapshot snapshot:
                        inputs.Enqueue(new SyncInput.Snapshot(
                            await node.Snapshots.DoAsync(snapshot.Work, cancellationToken).ConfigureAwait(false)));
                        break;
                    case SyncOutput.RoundEnded ended:
                        report = ended.Report;
                        break;
                    case SyncOutput.Ended ended:
                        return new SyncOutcome(ended.Reason, ended.Detail, report);
                    default:
                        inputs.Enqueue(await node.ReadAsync(output, cancellationToken).ConfigureAwait(false)
                            ?? throw new InvalidOperationException($"{output.GetType().Name} was not expected."));
                        break;
                }
            }

            // The initiator ends the connection; the responder waits for that, so that nothing is cut off.
            if (report is not null && role is SyncRole.Initiator)
            {
                return new SyncOutcome(SyncEndReason.Completed, "the round is over.", report);
            }
        }
    }

    // Null when the frame is on its way. A peer that does not read must not hold the session for ever.
    private async Task<SyncOutcome?> SendAsync(byte[] frame, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(node.Sync.PeerTimeout, node.Time);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await transport.SendAsync(frame, sending.Token).ConfigureAwait(false);
            return null;
        }
        catch (IOException e)
        {
            return new SyncOutcome(SyncEndReason.Disconnected, e.Message, null);
        }
        catch (PeerRefusedException e)
        {
            return new SyncOutcome(SyncEndReason.NotAuthenticated, e.Message, null);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new SyncOutcome(
                SyncEndReason.TimedOut, $"the peer took no frame for {node.Sync.PeerTimeout}.", null);
        }
    }

    private async Task<SyncInput> NextInputAsync(SyncSession session, CancellationToken cancellationToken)
    {
        // Kept when the timer comes first, so that no frame is taken and lost.
        _next ??= _incoming.NextAsync(cancellationToken).AsTask();
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var left = session.Deadline - node.Time.GetUtcNow();
        var timer = Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, node.Time, waiting.Token);
        if (await Task.WhenAny(_next, timer).ConfigureAwait(false) == timer && !_next.IsCompleted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new SyncInput.TimerElapsed();
        }

        await waiting.CancelAsync().ConfigureAwait(false);
        var next = _next;
        _next = null;
        try
        {
            return await next.ConfigureAwait(false) is { } frame
                ? new SyncInput.Received(frame)
                : new SyncInput.Disconnected();
        }
        catch (IOException e)
        {
            return new SyncInput.Disconnected(e.Message);
        }
        catch (PeerRefusedException e)
        {
            return new SyncInput.Failed(SyncEndReason.NotAuthenticated, e.Message);
        }
        catch (InvalidFormatException e)
        {
            return new SyncInput.Failed(SyncEndReason.Flooded, e.Message);
        }
    }
}
