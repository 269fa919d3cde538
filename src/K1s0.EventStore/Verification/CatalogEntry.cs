namespace K1s0.EventStore;

/// <summary>A stream as the books of its store have it.</summary>
/// <param name="Head">The end of the stream.</param>
/// <param name="Events">
/// How many events are filed under the stream, each under its own name, version and id. As many as the head's version
/// says, where nothing was tampered with.
/// </param>
public sealed record CatalogEntry(StreamHead Head, long Events);
