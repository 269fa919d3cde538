namespace K1s0.EventStore.Archive;

/// <summary>A request for batches of a time to be made readable. Immutable; its standing is asked for.</summary>
/// <param name="Id">Its id.</param>
/// <param name="RequestedAt">When it was asked for.</param>
/// <param name="From">The earliest time that its events were recorded at.</param>
/// <param name="Before">The time that they were recorded before.</param>
/// <param name="Priority">How urgent it is.</param>
/// <param name="Days">How long the restored copies are kept, in days.</param>
/// <param name="Estimate">How long it takes in the worst case; zero when nothing had to be restored.</param>
/// <param name="Keys">The batches, those that were readable included.</param>
public sealed record RestoreTicket(
    Guid Id,
    DateTimeOffset RequestedAt,
    DateTimeOffset From,
    DateTimeOffset Before,
    RestorePriority Priority,
    int Days,
    TimeSpan Estimate,
    IReadOnlyList<string> Keys);
