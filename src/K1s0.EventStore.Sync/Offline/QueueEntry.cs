namespace K1s0.EventStore.Sync;

/// <summary>An operation with its place in the queue and what became of it so far. Immutable.</summary>
/// <param name="Number">Its place: rises with each operation.</param>
/// <param name="Operation">The operation.</param>
/// <param name="EnqueuedAt">When it was queued.</param>
/// <param name="WasSent">
/// Whether it may have been sent: it is not merged with another any more, since it may have taken effect.
/// </param>
/// <param name="FailedAttempts">How often the other side failed over it.</param>
/// <param name="DeadReason">Why it will not be sent again; null while it waits.</param>
public sealed record QueueEntry(
    long Number,
    QueuedOperation Operation,
    DateTimeOffset EnqueuedAt,
    bool WasSent = false,
    int FailedAttempts = 0,
    string? DeadReason = null)
{
    /// <summary>Whether it will not be sent again, unless somebody revives it.</summary>
    public bool IsDead => DeadReason is not null;
}
