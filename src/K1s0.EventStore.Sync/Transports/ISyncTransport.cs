namespace K1s0.EventStore.Sync;

/// <summary>
/// Carries frames to one peer and back, whole and in order. It need not be trusted: sessions with a shared key notice
/// frames that were changed, left out, repeated or moved.
/// </summary>
/// <remarks>One send and one receive may be under way at the same time. Disposing ends the connection.</remarks>
public interface ISyncTransport : IAsyncDisposable
{
    /// <summary>
    /// The replica that the transport has proved to be on the other side, for example by its certificate; null when it
    /// proves nothing.
    /// </summary>
    ReplicaId? AuthenticatedPeer => null;

    /// <summary>Sends a frame; returns when the transport has taken it over.</summary>
    /// <param name="frame">At most <see cref="SyncOptions.MaxFrameBytes"/>; not kept.</param>
    /// <param name="cancellationToken">Gives the connection up.</param>
    /// <exception cref="IOException">The connection is broken.</exception>
    /// <exception cref="PeerRefusedException">One side does not let the other in.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default);

    /// <summary>The next frame; null when the peer has ended the connection.</summary>
    /// <param name="cancellationToken">Gives the connection up.</param>
    /// <exception cref="IOException">The connection is broken.</exception>
    /// <exception cref="InvalidFormatException">The peer announces a frame that is too large.</exception>
    /// <exception cref="PeerRefusedException">One side does not let the other in.</exception>
    ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default);
}
