namespace K1s0.EventStore.Archive;

/// <summary>Something that is wrong with an archive.</summary>
/// <param name="Kind">What.</param>
/// <param name="Key">The key of the object.</param>
/// <param name="Position">The position of the event; null when it is the object as a whole.</param>
/// <param name="Detail">What was found, as a sentence.</param>
public sealed record ArchiveFinding(ArchiveFindingKind Kind, string Key, Position? Position, string Detail);
