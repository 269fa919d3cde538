namespace K1s0.EventStore.Archive;

/// <summary>What is wrong with an archive.</summary>
public enum ArchiveFindingKind
{
    /// <summary>A manifest is damaged, missing, or does not continue the one before it.</summary>
    Manifest = 0,

    /// <summary>A batch is listed, and its object is not there.</summary>
    Missing = 1,

    /// <summary>A batch is not what is listed: bytes, digests, count, positions, times or events differ.</summary>
    Damaged = 2,

    /// <summary>An event does not continue the chain of its stream.</summary>
    BrokenChain = 3,

    /// <summary>A batch lies in a class that has to be restored before it is read: nothing is known of it.</summary>
    Unreadable = 4,

    /// <summary>An object of a batch is listed by no manifest: left over, or not listed yet. Does no harm.</summary>
    Unlisted = 5,

    /// <summary>An event id that an event before it has.</summary>
    RepeatedId = 6,
}
