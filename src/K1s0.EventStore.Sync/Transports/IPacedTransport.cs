namespace K1s0.EventStore.Sync;

/// <summary>A transport that knows of parts of frames.</summary>
internal interface IPacedTransport
{
    /// <summary>How many bytes have come and gone; those of a frame that is on its way too.</summary>
    long BytesMoved { get; }

    /// <summary>The most bytes of a frame that is received from now on; looked at before room is made for it.</summary>
    int MaxReceivedBytes { set; }
}
