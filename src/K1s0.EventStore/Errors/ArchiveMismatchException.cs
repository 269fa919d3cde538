namespace K1s0.EventStore;

/// <summary>
/// The books of an archive say something else than its objects: a batch is gone, is another one, or lacks events that
/// it should have. Nothing of it was used.
/// </summary>
public sealed class ArchiveMismatchException : EventStoreException
{
    /// <summary>A batch that is not what the books say.</summary>
    /// <param name="key">The key of its object.</param>
    /// <param name="detail">What differs, as a sentence.</param>
    public ArchiveMismatchException(string key, string detail)
        : base($"Object {key} is not the batch that the archive's books say: {detail}", innerException: null) =>
        (Key, Detail) = (key, detail);

    /// <summary>The key of the object.</summary>
    public string Key { get; }

    /// <summary>What differs.</summary>
    public string Detail { get; }
}
