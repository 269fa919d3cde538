namespace K1s0.EventStore.Sync;

/// <summary>How a key stands, as of the events that a view has seen.</summary>
/// <param name="Key">The key.</param>
/// <param name="Policy">The name of the policy.</param>
/// <param name="Winner">
/// The event that stands for the key; null when the policy lets all stand side by side. For counters, sets and merges
/// the last of the events in <see cref="EventOrder"/>, of which the value is made together with the others.
/// </param>
/// <param name="Concurrent">
/// The events that no later event on the key knew of, in <see cref="EventOrder"/>; more than one are a conflict. All of
/// them stay in the log, the losing ones too.
/// </param>
public sealed record Resolution(
    ConflictKey Key, string Policy, DeliveredEvent? Winner, IReadOnlyList<DeliveredEvent> Concurrent)
{
    /// <summary>Whether events are concurrent.</summary>
    public bool IsConflict => Concurrent.Count > 1;

    /// <summary>The concurrent events that do not stand for the key.</summary>
    public IEnumerable<DeliveredEvent> Losers =>
        Winner is { } winner ? Concurrent.Where(one => one.Event.Dot != winner.Event.Dot) : [];
}
