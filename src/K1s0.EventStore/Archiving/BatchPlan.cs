namespace K1s0.EventStore;

/// <summary>Which events a batch has.</summary>
/// <param name="After">The last position of the batch before it; the start for the first.</param>
/// <param name="First">The position of its first event.</param>
/// <param name="Last">The position of its last event.</param>
/// <param name="EventCount">How many events there are between, 1 or more.</param>
/// <param name="Earliest">The earliest time that one of them was recorded at.</param>
/// <param name="Latest">The latest such time.</param>
/// <param name="ContentBytes">The bytes of their lines, before they are compressed.</param>
public sealed record BatchPlan(
    Position After,
    Position First,
    Position Last,
    long EventCount,
    DateTimeOffset Earliest,
    DateTimeOffset Latest,
    long ContentBytes);
