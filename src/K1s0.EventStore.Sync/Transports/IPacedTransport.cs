namespace K1s0.EventStore.Sync;

/// <summary>
/// A transport that knows of parts of frames: while they move over a slow link, the peer is not taken to be silent.
/// What it says may be asked for from any thread.
/// </summary>
public interface IPacedTransport
{
    /// <summary>
    /// How many bytes have come and gone since the connection was made, those of frames that are on their way too;
    /// never less than before. At least 1,024 more in <see cref="SyncOptions.PeerTimeout"/> say that the link is alive,
    /// so parts of at most that many bytes are counted.
    /// </summary>
    long BytesMoved { get; }

    /// <summary>The most bytes of a frame that is received from now on; looked at before room is made for it.</summary>
    int MaxReceivedBytes { set; }
}
