namespace K1s0.EventStore;

/// <summary>How far a verification is.</summary>
/// <param name="Events">The events that this pass has read so far.</param>
/// <param name="Position">Up to where the feed has been looked through.</param>
/// <param name="End">Up to where it will be.</param>
/// <param name="Findings">The findings so far.</param>
/// <param name="Pass">
/// Which pass over the feed this is, from 1; more than one where there are more streams than are kept in memory.
/// </param>
public sealed record VerificationProgress(long Events, Position Position, Position End, long Findings, int Pass);
