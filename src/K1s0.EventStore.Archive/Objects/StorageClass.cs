namespace K1s0.EventStore.Archive;

/// <summary>
/// Where an object lies: the cheaper a gigabyte, the dearer it is to touch. The S3 package says which class of the
/// bucket each one is.
/// </summary>
public enum StorageClass
{
    /// <summary>Read and written at once and often.</summary>
    Standard = 0,

    /// <summary>Read at once, for a price.</summary>
    InfrequentAccess = 1,

    /// <summary>Read at once, for a higher price.</summary>
    InstantArchive = 2,

    /// <summary>Has to be restored before it is read: minutes to hours.</summary>
    FlexibleArchive = 3,

    /// <summary>Has to be restored before it is read: hours to days.</summary>
    DeepArchive = 4,
}
