namespace K1s0.EventStore;

/// <summary>An event that a subscription put aside. The payload stays where it is: in the feed.</summary>
/// <param name="Consumer">The name of the subscription.</param>
/// <param name="Position">The place of the event in the feed.</param>
/// <param name="StreamId">The stream of the event.</param>
/// <param name="EventId">The id of the event.</param>
/// <param name="EventType">The kind of event.</param>
/// <param name="Attempts">How often it was tried; 0 when it only waits behind another one of its stream.</param>
/// <param name="Cause">
/// Type and message of the last failure, at most 2,000 characters; null when the event only waits behind another one.
/// </param>
/// <param name="ParkedAt">When it was put aside.</param>
public sealed record ParkedEvent(
    string Consumer,
    Position Position,
    StreamId StreamId,
    Guid EventId,
    string EventType,
    int Attempts,
    string? Cause,
    DateTimeOffset ParkedAt)
{
    private const int MaxCauseCharacters = 2_000;

    /// <summary>Refuses an event that is not of the claim's consumer; every store of them applies it.</summary>
    /// <param name="parked">The event.</param>
    /// <param name="claim">The claim.</param>
    /// <exception cref="ArgumentException">The event is another consumer's, or the name is refused.</exception>
    public static void Check(ParkedEvent parked, CheckpointClaim claim)
    {
        ArgumentNullException.ThrowIfNull(parked);
        ArgumentNullException.ThrowIfNull(claim);
        ConsumerName.Check(parked.Consumer, nameof(parked));
        if (!string.Equals(parked.Consumer, claim.Consumer, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"The event is parked for {parked.Consumer}, and the claim is of {claim.Consumer}.", nameof(claim));
        }
    }

    internal static ParkedEvent Of(
        string consumer, EventEnvelope envelope, int attempts, Exception? cause, DateTimeOffset now) =>
        new(
            consumer,
            envelope.Position,
            envelope.StreamId,
            envelope.Id,
            envelope.EventType,
            attempts,
            cause is null ? null : Describe(cause),
            Microseconds.Truncate(now));

    internal static string Describe(Exception cause)
    {
        // Control characters and lone surrogates have no place in every database's text.
        var text = $"{cause.GetType().FullName}: {cause.Message}".ReplaceLineEndings(" ");
        var kept = text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)).Take(MaxCauseCharacters);
        return string.Concat(kept);
    }
}
