namespace K1s0.EventStore;

/// <summary>
/// A tile of a Merkle log is not where it should be: the copy of the log is incomplete, or too small.
/// </summary>
public sealed class TileMissingException : EventStoreException
{
    /// <summary>A tile that is not there.</summary>
    /// <param name="path">The path of the tile within the log.</param>
    /// <param name="innerException">The exception of the storage, if there was one.</param>
    public TileMissingException(string path, Exception? innerException = null)
        : base($"The log has no {path}.", innerException) => Path = path;

    /// <summary>The path of the tile within the log.</summary>
    public string Path { get; }
}
