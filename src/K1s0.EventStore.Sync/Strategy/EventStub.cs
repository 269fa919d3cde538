using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// An event of a log as it goes ahead of its turn: whole, or without what it says. Its hash is computed from what came,
/// so that a chain over stubs is verified as one over events is; what it says is bound by its digest.
/// </summary>
internal sealed class EventStub
{
    public EventStub(SyncEvent whole) =>
        (Whole, Dot, Time, Previous, Observed, Hash) =
            (whole, whole.Dot, whole.Time, whole.Previous, whole.Observed, whole.Hash);

    public EventStub(Dot dot, HybridTime time, Sha256Digest previous, VectorClock observed, Sha256Digest content) =>
        (Dot, Time, Previous, Observed, Hash) =
            (dot, time, previous, observed, SyncEvent.HashOf(dot, time, previous, observed, content));

    /// <summary>The event; null when its content was held back.</summary>
    public SyncEvent? Whole { get; }

    public Dot Dot { get; }

    public HybridTime Time { get; }

    public Sha256Digest Previous { get; }

    public VectorClock Observed { get; }

    public Sha256Digest Hash { get; }
}
