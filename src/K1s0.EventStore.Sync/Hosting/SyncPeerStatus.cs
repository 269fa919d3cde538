namespace K1s0.EventStore.Sync;

/// <summary>How it stands with a peer that is called.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Connection">Whether the last try was a whole round.</param>
/// <param name="ChangedAt">Since when that is so; null while it has not been tried.</param>
/// <param name="RoundTrip">
/// From a question to its answer, later ones counting more; null while none was answered.
/// </param>
/// <param name="Loss">The part of the tries that were no whole round, 0 to 1, later ones counting more.</param>
/// <param name="LastCompletedAt">When the last whole round ended; null while there was none.</param>
/// <param name="LastOutcome">How the last try ended; null while it has not been tried.</param>
/// <param name="Failures">How many tries in a row were no whole round.</param>
public sealed record SyncPeerStatus(
    string Name,
    ConnectionState Connection,
    DateTimeOffset? ChangedAt,
    TimeSpan? RoundTrip,
    double Loss,
    DateTimeOffset? LastCompletedAt,
    SyncOutcome? LastOutcome,
    int Failures)
{
    /// <summary>How good the link is, as measured by the sessions; it decides how rounds run.</summary>
    public LinkQuality Link { get; init; } = new(LinkState.Normal, null, TimeSpan.Zero, null, 0);
}
