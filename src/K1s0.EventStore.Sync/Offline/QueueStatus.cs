namespace K1s0.EventStore.Sync;

/// <summary>How a queue of operations stands.</summary>
/// <param name="Waiting">How many operations wait to be delivered.</param>
/// <param name="Dead">How many were laid aside.</param>
/// <param name="Bytes">About how many bytes all of them take, by their <see cref="QueuedOperation.Size"/>.</param>
/// <param name="Oldest">When the oldest operation that waits was queued; null when none waits.</param>
/// <param name="Connection">Whether the other side can be reached.</param>
/// <param name="ChangedAt">Since when that is so; null while it has not been tried.</param>
/// <param name="RoundTrip">
/// How long a batch takes until it is answered, later ones counting more; null while none was answered.
/// </param>
/// <param name="Loss">
/// The part of the tries that did not reach the other side, 0 to 1, later ones counting more.
/// </param>
public sealed record QueueStatus(
    int Waiting,
    int Dead,
    long Bytes,
    DateTimeOffset? Oldest,
    ConnectionState Connection,
    DateTimeOffset? ChangedAt,
    TimeSpan? RoundTrip,
    double Loss);
