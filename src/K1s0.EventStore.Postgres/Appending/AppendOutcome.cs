using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Postgres;

/// <summary>What the server says about one stream of an append.</summary>
/// <param name="Applied">Whether the events are in (once the transaction commits).</param>
/// <param name="Version">The stream's version: after the append, or the one that it was refused at.</param>
/// <param name="HeadHash">The stream's head; the default value when it does not exist.</param>
/// <param name="FirstPosition">The position of the first event, when applied.</param>
/// <param name="LastPosition">The position of the last event, when applied.</param>
/// <param name="RecordedAt">The time of the append, when applied.</param>
/// <param name="IsSeen">Whether an event id of a refused append is stored already.</param>
internal sealed record AppendOutcome(
    bool Applied,
    long Version,
    Sha256Digest HeadHash,
    long FirstPosition,
    long LastPosition,
    DateTimeOffset RecordedAt,
    bool IsSeen);
