namespace K1s0.EventStore.Sync;

/// <summary>What was found when a replica looked through its logs.</summary>
/// <param name="EventsChecked">How many events were read and are those that their logs name.</param>
/// <param name="Damaged">The events that cannot be read, are gone, or are not those that their logs name.</param>
/// <param name="IsComplete">
/// False when it stopped at 4,096 damaged events: have these repaired and look again.
/// </param>
public sealed record ScrubReport(long EventsChecked, IReadOnlyList<Dot> Damaged, bool IsComplete);
