namespace K1s0.EventStore;

/// <summary>
/// Keeps events in the database until it is released: those of a range of positions, those of a stream, or both where
/// both are named.
/// </summary>
/// <param name="Id">Its id, drawn by who places it, so that placing it again is harmless.</param>
/// <param name="Reason">Why, for people to read: 1 to 500 characters.</param>
/// <param name="From">The first position; null for the first there is.</param>
/// <param name="To">The last position; null for all that will come.</param>
/// <param name="StreamId">The stream; null for all.</param>
/// <param name="PlacedBy">Who places it: 1 to 255 bytes, no control characters.</param>
public sealed record ArchiveHold(
    Guid Id, string Reason, Position? From, Position? To, StreamId? StreamId, string PlacedBy)
{
    /// <summary>The most characters of the reason: 500.</summary>
    public const int MaxReasonLength = 500;

    /// <summary>Refuses a hold that says nothing; every catalog applies it.</summary>
    /// <param name="hold">The hold.</param>
    /// <exception cref="ArgumentException">A member is missing or out of its range.</exception>
    public static void Check(ArchiveHold hold)
    {
        ArgumentNullException.ThrowIfNull(hold);
        ConsumerName.Check(hold.PlacedBy, nameof(PlacedBy));
        if (hold.Id == Guid.Empty || hold.Reason is not { Length: > 0 and <= MaxReasonLength }
            || hold.Reason.Any(char.IsControl))
        {
            throw new ArgumentException(
                $"A hold has an id, and a reason of 1 to {MaxReasonLength} characters.", nameof(hold));
        }

        if (hold.From is null && hold.To is null && hold.StreamId is null)
        {
            throw new ArgumentException("A hold names positions or a stream.", nameof(hold));
        }

        if (hold.From > hold.To)
        {
            throw new ArgumentException("The first position of a hold comes behind its last.", nameof(hold));
        }
    }
}
