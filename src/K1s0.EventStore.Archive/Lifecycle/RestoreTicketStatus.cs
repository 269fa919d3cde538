namespace K1s0.EventStore.Archive;

/// <summary>How far a restore ticket is.</summary>
/// <param name="State">How it stands.</param>
/// <param name="Readable">How many of its batches can be read.</param>
/// <param name="UnderWay">How many are being restored.</param>
/// <param name="Required">How many have to be asked for.</param>
/// <param name="ExpectedBy">When it is ready in the worst case; null when it is.</param>
/// <param name="ReadableUntil">Until when all can be read; null for as long as they lie where they do.</param>
public sealed record RestoreTicketStatus(
    RestoreTicketState State,
    int Readable,
    int UnderWay,
    int Required,
    DateTimeOffset? ExpectedBy,
    DateTimeOffset? ReadableUntil);
