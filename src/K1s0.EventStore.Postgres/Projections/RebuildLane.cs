namespace K1s0.EventStore.Postgres;

/// <summary>One lane of a rebuild: the streams whose key leaves its number, and how far it has come.</summary>
/// <param name="Number">Its number, from 0.</param>
/// <param name="Count">How many lanes there are.</param>
/// <param name="Position">Up to here its events are applied.</param>
/// <param name="Events">How many these are.</param>
internal sealed record RebuildLane(int Number, int Count, Position Position, long Events);
