namespace K1s0.EventStore.Archive;

/// <summary>What a run would do now. Nothing was changed.</summary>
/// <param name="Months">The months that would leave, the earliest first, each with what is in its way.</param>
/// <param name="EventsToStore">How many events would be stored first; those that are archived already are not.</param>
/// <param name="DatabaseBytes">The bytes that the months take in the database, indexes included.</param>
/// <param name="EstimatedStoredBytes">
/// About how many bytes all objects of these months take, by what the archive's batches took so far, or by a quarter of
/// the database's where there are none.
/// </param>
/// <param name="EstimatedObjects">About how many objects they are.</param>
public sealed record ArchivePreview(
    IReadOnlyList<MonthPreview> Months,
    long EventsToStore,
    long DatabaseBytes,
    long EstimatedStoredBytes,
    long EstimatedObjects);
