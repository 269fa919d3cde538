namespace K1s0.EventStore.Sync;

/// <summary>The transactions that were opened and not closed, by the notes of a coordinator or a participant.</summary>
/// <param name="Open">The transactions, oldest first.</param>
/// <param name="End">The version of the last note.</param>
/// <param name="Read">How many notes had to be read to find out.</param>
internal sealed record OpenNotes(IReadOnlyList<Guid> Open, StreamVersion End, int Read);
