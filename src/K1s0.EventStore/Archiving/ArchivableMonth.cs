namespace K1s0.EventStore;

/// <summary>A month of events in the database.</summary>
/// <param name="Month">Its first moment, in UTC.</param>
/// <param name="EventCount">How many events it has.</param>
/// <param name="First">The position of the first one; the start when there is none.</param>
/// <param name="Last">The position of the last one; the start when there is none.</param>
/// <param name="Bytes">The bytes that it takes in the database, indexes included.</param>
public sealed record ArchivableMonth(
    DateTimeOffset Month, long EventCount, Position First, Position Last, long Bytes)
{
    /// <summary>The first moment behind it.</summary>
    public DateTimeOffset End => Month.AddMonths(1);
}
