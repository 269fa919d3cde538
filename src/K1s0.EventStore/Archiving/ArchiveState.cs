namespace K1s0.EventStore;

/// <summary>
/// How far a batch has come on its way into the archive. It goes forward only, but for failed uploads.
/// </summary>
public enum ArchiveState
{
    /// <summary>Which events it is to have is decided.</summary>
    Planned = 0,

    /// <summary>An attempt to store its object is under way.</summary>
    Uploading = 1,

    /// <summary>Its object is stored.</summary>
    Uploaded = 2,

    /// <summary>Its object was read back, decoded, and found to have exactly the events of the database.</summary>
    Verified = 3,

    /// <summary>A manifest in the bucket lists it.</summary>
    Listed = 4,

    /// <summary>Its events may leave the database.</summary>
    Prunable = 5,

    /// <summary>It is where its events are read.</summary>
    Pruned = 6,
}
