namespace K1s0.EventStore.Postgres;

/// <summary>Up to which position the feed is final, and what holds it back.</summary>
/// <param name="Bound">The bound.</param>
/// <param name="LastPosition">The last position that was drawn; equal to the bound when nothing holds it back.</param>
/// <param name="HolderPid">
/// The server process of the append that holds the bound back; null when there is none.
/// </param>
/// <param name="HolderApplication">
/// Its <c>application_name</c>; null when there is none, or the role may not see it.
/// </param>
/// <param name="HeldFor">
/// How long its transaction has been open, or prepared; null when there is none, or the role may not see it.
/// </param>
/// <param name="HolderPrepared">
/// The prepared transaction that holds the bound back: it has no process. Null when there is none.
/// </param>
public sealed record SettledBound(
    Position Bound,
    Position LastPosition,
    int? HolderPid,
    string? HolderApplication,
    TimeSpan? HeldFor,
    PreparedTransaction? HolderPrepared)
{
    internal bool IsHeld => HolderPid is not null || HolderPrepared is not null;
}
