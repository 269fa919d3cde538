namespace K1s0.EventStore.Sqlite;

/// <summary>A stream's row.</summary>
/// <param name="Key">Its key; null when the stream does not exist.</param>
/// <param name="Head">Its head.</param>
internal readonly record struct StreamRow(long? Key, StreamHead Head);
