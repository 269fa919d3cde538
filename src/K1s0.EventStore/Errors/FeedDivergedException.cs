namespace K1s0.EventStore;

/// <summary>
/// The feed is not the one that was read up to a position: events were lost, and perhaps replaced, by a restore or a
/// failover. Decide what the consumer's effects are worth, then reset its checkpoint.
/// </summary>
public sealed class FeedDivergedException : EventStoreException
{
    /// <summary>A feed with another history.</summary>
    /// <param name="position">The position that was read.</param>
    /// <param name="settledBound">Where the feed ends now.</param>
    public FeedDivergedException(Position position, Position settledBound)
        : base(
            position > settledBound
                ? $"Position {position} was read, but the feed ends at {settledBound}: the store lost events."
                : $"The event at position {position} is not the one that was read: the store has another history.",
            innerException: null) =>
        (Position, SettledBound) = (position, settledBound);

    /// <summary>The position that was read.</summary>
    public Position Position { get; }

    /// <summary>Where the feed ends now.</summary>
    public Position SettledBound { get; }
}
