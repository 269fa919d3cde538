namespace K1s0.EventStore.Sync;

/// <summary>Moves frames between a session and its transport. Reading never waits for writing, so two sides that both
/// send cannot block each other.</summary>
internal sealed class SyncPump(ReplicaNode node, ISyncTransport transport)
{
    private readonly IncomingFrames _incoming = new(node.Sync.WindowBytes);
    private Task<ReadOnlyMemory<byte>?>? _next;

    public async Task<SyncOutcome> RunAsync(
        SyncRole role, VectorClock? checkpoint, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = _incoming.FillAsync(transport, ending.Token);
        try
        {
            using var session = node.NewSession(role, checkpoint);
            return await RunAsync(session, role, cancellationToken).ConfigureAwait(false);
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
                    case SyncOutput.Send send
                        when !await TrySendAsync(send.Frame, cancellationToken).ConfigureAwait(false):
                        return new SyncOutcome(SyncEndReason.Disconnected, "the connection broke.", report);
                    case SyncOutput.Send:
                        break;
                    case SyncOutput.Read read:
                        inputs.Enqueue(new SyncInput.EventsRead(
                            await node.ReadAsync(read, cancellationToken).ConfigureAwait(false)));
                        break;
                    case SyncOutput.RoundEnded ended:
                        report = ended.Report;
                        break;
                    case SyncOutput.Ended ended:
                        return new SyncOutcome(ended.Reason, ended.Detail, report);
                    default:
                        throw new InvalidOperationException($"{output.GetType().Name} was not expected.");
                }
            }

            // The initiator ends the connection; the responder waits for that, so that nothing is cut off.
            if (report is not null && role is SyncRole.Initiator)
            {
                return new SyncOutcome(SyncEndReason.Completed, "the round is over.", report);
            }
        }
    }

    private async Task<bool> TrySendAsync(byte[] frame, CancellationToken cancellationToken)
    {
        try
        {
            await transport.SendAsync(frame, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            return false;
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
        catch (IOException)
        {
            return new SyncInput.Disconnected();
        }
        catch (InvalidFormatException e)
        {
            return new SyncInput.Failed(SyncEndReason.Flooded, e.Message);
        }
    }
}
