namespace K1s0.EventStore;

/// <summary>A peer did not prove who it is, or refused this side. Nothing was said about data.</summary>
public sealed class PeerRefusedException : EventStoreException
{
    /// <summary>A peer that was not let in.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">Why, as a sentence.</param>
    /// <param name="innerException">What the connection threw, if it did.</param>
    public PeerRefusedException(PeerRefusal reason, string detail, Exception? innerException = null)
        : base($"The peer is refused: {detail}", innerException) => (Reason, Detail) = (reason, detail);

    /// <summary>Why.</summary>
    public PeerRefusal Reason { get; }

    /// <summary>Why, as a sentence.</summary>
    public string Detail { get; }
}
