namespace K1s0.EventStore.Archive;

/// <summary>What a rebuild has done. Immutable.</summary>
/// <param name="Store">The store as it is now: the archived one, in its next epoch.</param>
/// <param name="Events">How many events it has.</param>
/// <param name="Imported">How many of them this call wrote; a rebuild that was cut off had written the others.</param>
/// <param name="Streams">How many streams it has.</param>
/// <param name="Bytes">How many bytes were downloaded.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record ArchiveRebuildReport(
    StoreIdentity Store, long Events, long Imported, int Streams, long Bytes, TimeSpan Elapsed);
