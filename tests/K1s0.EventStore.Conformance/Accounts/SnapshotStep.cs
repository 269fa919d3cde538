namespace K1s0.EventStore.Conformance.Accounts;

/// <summary>One thing that happens to a stream or to its snapshot.</summary>
public enum SnapshotStep
{
    /// <summary>A command, behind which a snapshot may be due.</summary>
    Command,

    /// <summary>Events of a writer that takes no snapshots.</summary>
    ForeignAppend,

    /// <summary>A snapshot that is asked for.</summary>
    TakeSnapshot,

    /// <summary>The process starts anew, and remembers nothing.</summary>
    Restart,

    /// <summary>Something that is no snapshot at all stands where the snapshot was.</summary>
    Garbage,

    /// <summary>A snapshot of a stream with another history.</summary>
    WrongHash,

    /// <summary>A snapshot of a version that the stream does not have.</summary>
    Ahead,

    /// <summary>A snapshot of another version of the fold.</summary>
    OtherFold,
}
