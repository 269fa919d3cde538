namespace K1s0.EventStore.Sync;

/// <summary>Moves frames between a session and its transport. Reading never waits for writing, so two sides that both
/// send cannot block each other. A frame that takes long but comes on, over a slow link, is waited for.</summary>
internal sealed class SyncPump(ReplicaNode node, MeteredTransport transport)
{
    /// <summary>Less than that in the time that a peer may be silent is no link.</summary>
    public const int LeastBytesMoved = 1024;

    private readonly IncomingFrames _incoming = new(node.Sync.WindowBytes);
    private Task<ReadOnlyMemory<byte>?>? _next;
    private DateTimeOffset _patientUntil;
    private long _bytesMoved;

    public async Task<SyncOutcome> RunAsync(
        SyncRole role,
        VectorClock? checkpoint,
        CancellationToken cancellationToken,
        Snapshots.SnapshotRequest? wanted = null)
    {
        Limit(Handshake.MaxFrameBytes);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var receiving = _incoming.FillAsync(transport, ending.Token);
        try
        {
            using var session = node.NewSession(
                role, checkpoint, transport.AuthenticatedPeer, transport.Link, wanted);
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
            var wasReady = session.IsReady;
            var outputs = await node.StepAsync(session, input, cancellationToken).ConfigureAwait(false);
            if (session.IsReady && !wasReady)
            {
                // Before what the peer will answer is sent.
                Limit(SyncOptions.MaxFrameBytes);
            }

            foreach (var output in outputs)
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

    private void Limit(int maxFrameBytes) =>
        (transport.MaxReceivedBytes, _incoming.MaxFrameBytes) = (maxFrameBytes, maxFrameBytes);

    // Whether parts of frames have come or gone since somebody asked.
    private bool HasMoved()
    {
        var moved = transport.BytesMoved;
        var hasMoved = moved - _bytesMoved >= LeastBytesMoved;
        _bytesMoved = moved;
        return hasMoved;
    }

    // Null when the frame is on its way. A peer that does not read must not hold the session for ever.
    private async Task<SyncOutcome?> SendAsync(byte[] frame, CancellationToken cancellationToken)
    {
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var isLate = false;
        try
        {
            var timer = Task.Delay(node.Sync.PeerTimeout, node.Time, waiting.Token);
            var sent = transport.SendAsync(frame, sending.Token).AsTask();
            while (await Task.WhenAny(sent, timer).ConfigureAwait(false) == timer && !sent.IsCompleted && !isLate)
            {
                isLate = cancellationToken.IsCancellationRequested || !HasMoved();
                timer = isLate ? sent : Task.Delay(node.Sync.PeerTimeout, node.Time, waiting.Token);
                await (isLate ? sending.CancelAsync() : Task.CompletedTask).ConfigureAwait(false);
            }

            await sent.ConfigureAwait(false);
            await waiting.CancelAsync().ConfigureAwait(false);
            _patientUntil = node.Now + node.Sync.PeerTimeout;
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
        catch (OperationCanceledException) when (isLate)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new SyncOutcome(
                SyncEndReason.TimedOut, $"the peer took no frame for {node.Sync.PeerTimeout}.", null);
        }
    }

    // A frame that was sent, or a part of one that came, begins the waiting anew.
    private async Task<bool> HasNextAsync(SyncSession session, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var deadline = session.IsReady && _patientUntil > session.Deadline ? _patientUntil : session.Deadline;
            var left = deadline - node.Now;
            var timer = Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, node.Time, waiting.Token);
            if (await Task.WhenAny(_next!, timer).ConfigureAwait(false) != timer || _next!.IsCompleted)
            {
                await waiting.CancelAsync().ConfigureAwait(false);
                return true;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (!session.IsReady || !HasMoved())
            {
                return false;
            }

            _patientUntil = node.Now + node.Sync.PeerTimeout;
        }
    }

    private async Task<SyncInput> NextInputAsync(SyncSession session, CancellationToken cancellationToken)
    {
        // Kept when the timer comes first, so that no frame is taken and lost.
        _next ??= _incoming.NextAsync(cancellationToken).AsTask();
        if (!await HasNextAsync(session, cancellationToken).ConfigureAwait(false))
        {
            return new SyncInput.TimerElapsed();
        }

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
