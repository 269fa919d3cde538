namespace K1s0.EventStore.Archive;

/// <summary>What the life of an object costs, in the currency of the price table.</summary>
/// <param name="Storage">For lying there, with overheads and least sizes.</param>
/// <param name="Requests">For puts, gets, moves and restores.</param>
/// <param name="EarlyRemoval">For days that are charged after it left a class.</param>
/// <param name="Retrieval">For what was read.</param>
/// <param name="StoredGbMonths">Its stored gigabytes times the months.</param>
/// <param name="LogicalGbMonths">The gigabytes that it holds times the months.</param>
/// <param name="Plain">What the same bytes cost uncompressed in the standard class, storage alone.</param>
public sealed record LifeCost(
    decimal Storage,
    decimal Requests,
    decimal EarlyRemoval,
    decimal Retrieval,
    decimal StoredGbMonths,
    decimal LogicalGbMonths,
    decimal Plain)
{
    /// <summary>Everything.</summary>
    public decimal Total => Storage + Requests + EarlyRemoval + Retrieval;

    /// <summary>For a gigabyte as it is stored, a month.</summary>
    public decimal PerStoredGbMonth => Total / StoredGbMonths;

    /// <summary>For a gigabyte of events, a month.</summary>
    public decimal PerLogicalGbMonth => Total / LogicalGbMonths;

    /// <summary>How much less it is than the same bytes uncompressed in the standard class, in percent.</summary>
    public decimal SavingPercent => 100 * (1 - (Total / Plain));
}
