namespace K1s0.EventStore;

/// <summary>Why the books of an archive refuse a step.</summary>
public enum ArchiveRefusal
{
    /// <summary>The archive is not where the step believes it to be: somebody else has gone on. Run again.</summary>
    Moved = 0,

    /// <summary>The events of the database are not those of the archive.</summary>
    Changed = 1,

    /// <summary>Not all of the month is listed in the archive yet.</summary>
    NotListed = 2,

    /// <summary>A subscription has not passed the events.</summary>
    Behind = 3,

    /// <summary>A hold lies on some of the events.</summary>
    Held = 4,

    /// <summary>The events have to stay in the database for longer.</summary>
    Retained = 5,

    /// <summary>The ledger has not sealed the events yet.</summary>
    Unsealed = 6,

    /// <summary>
    /// Somebody is at it: readers keep a month busy, another process has the lease of the books, another database
    /// removes what is to be listed, or what holds the feed back has to end first. Try again later.
    /// </summary>
    Busy = 7,
}
