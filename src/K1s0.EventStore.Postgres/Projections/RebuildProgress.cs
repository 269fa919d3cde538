namespace K1s0.EventStore.Postgres;

/// <summary>How far a rebuild has come.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Events">How many events were applied, by earlier calls too.</param>
/// <param name="Position">Up to here all were.</param>
/// <param name="Target">Where it is going; moves on as events are appended.</param>
public sealed record RebuildProgress(RebuildStage Stage, long Events, Position Position, Position Target);
