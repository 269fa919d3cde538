namespace K1s0.EventStore;

/// <summary>Ways in which a store can differ from what was appended.</summary>
public enum StoreFindingKind
{
    /// <summary>An event, its digest or its link is not what was appended.</summary>
    Edited,

    /// <summary>An event, or several, is missing.</summary>
    Deleted,

    /// <summary>An event stands between two that were appended one after the other.</summary>
    Inserted,

    /// <summary>Events stand in another order than they were appended.</summary>
    Swapped,

    /// <summary>An event, or a version of a stream, stands twice.</summary>
    Duplicated,

    /// <summary>An event of another stream stands in this one.</summary>
    Spliced,

    /// <summary>
    /// The chain does not begin at its stream's genesis, or is another one than a remembered head belongs to.
    /// </summary>
    ReRooted,

    /// <summary>The end is missing: of a stream, or of the log.</summary>
    TailCutOff,

    /// <summary>
    /// The store's books do not fit the events: the head of a stream, the place under which an event is found by
    /// stream, id or index.
    /// </summary>
    Misfiled,

    /// <summary>The stored log does not fit the events: a tile, a head, a signature.</summary>
    LogAltered,

    /// <summary>An event cannot be read: what is stored is none.</summary>
    Unreadable,
}
