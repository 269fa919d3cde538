namespace K1s0.EventStore.Sync;

/// <summary>
/// One exchange of gossip, on the side that calls: a short session of its own, over any transport, with the handshake
/// and the seals of every session.
/// </summary>
internal sealed class GossipCall(ISyncTransport transport, SyncOptions options) : IDisposable
{
    private readonly Handshake _handshake = new(options);
    private readonly Outbox _outbox = new();

    /// <summary>Runs it; the transport stays the caller's.</summary>
    /// <param name="request">The frame that is sent once the peer has proved itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer; null when the peer takes no part in gossip.</returns>
    /// <exception cref="IOException">There was no answer, or one that this side does not take.</exception>
    public async Task<GossipMessage?> RunAsync(byte[] request, CancellationToken cancellationToken)
    {
        if (transport is IPacedTransport paced)
        {
            // No answer of gossip is longer than what is said before anybody has proved itself.
            paced.MaxReceivedBytes = Handshake.MaxFrameBytes;
        }

        await SendAsync(_handshake.WriteHello, cancellationToken).ConfigureAwait(false);
        var welcome = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (_handshake.ReadWelcome(welcome.Span) is var refused and not SyncEndReason.Completed)
        {
            throw new IOException($"The handshake with a member failed: {refused}.");
        }

        await SendAsync(_handshake.WriteConfirm, cancellationToken).ConfigureAwait(false);
        if (!_handshake.CanFollowLink)
        {
            return null;
        }

        _outbox.Seal = _handshake.Seal(SyncRole.Initiator);
        await SendAsync(frame => frame.Bytes(request), cancellationToken).ConfigureAwait(false);
        var answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (_outbox.Seal is not null && !_outbox.Seal.TryOpen(answer, out answer))
        {
            throw new IOException("The answer of a member was changed on its way.");
        }

        return Read(answer.Span);
    }

    public void Dispose() => _outbox.Dispose();

    private static GossipMessage? Read(ReadOnlySpan<byte> answer)
    {
        if (answer.Length == 1 && answer[0] == FrameType.GossipAnswer)
        {
            return null;
        }

        var reader = new WireReader(answer);
        var type = reader.Byte();
        var message = GossipMessage.Read(ref reader);
        return type == FrameType.GossipAnswer && message is not null
            ? message
            : throw new IOException($"The answer of a member cannot be read: {reader.Problem}");
    }

    private async Task SendAsync(Action<WireWriter> write, CancellationToken cancellationToken)
    {
        _outbox.Send(write);
        foreach (var output in _outbox.Take())
        {
            await transport.SendAsync(((SyncOutput.Send)output).Frame, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ReadOnlyMemory<byte>> ReceiveAsync(CancellationToken cancellationToken) =>
        await transport.ReceiveAsync(cancellationToken).ConfigureAwait(false)
        ?? throw new IOException("The member ended the connection.");
}
