using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres;

/// <summary>What looking for one event by its id has found.</summary>
internal static class FoundEvent
{
    /// <summary>The one; null when there is none.</summary>
    /// <exception cref="LogDivergedException">There are several.</exception>
    public static TRow? One<TRow>(Guid eventId, IReadOnlyList<TRow> rows)
        where TRow : class =>
        rows switch
        {
            [] => null,
            [var row] => row,
            _ => throw new LogDivergedException(
                new TreeHead("of this store", 0, MerkleHash.Empty),
                0,
                $"Event {eventId}, or the one before it, stands twice."),
        };
}
