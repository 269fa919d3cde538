namespace K1s0.EventStore.Sqlite;

/// <summary>What an append that was confirmed survives. Neither level can corrupt the file.</summary>
public enum SqliteDurability
{
    /// <summary>
    /// Power loss, as far as the disk keeps what it says it has flushed (<c>synchronous=FULL</c>): every commit waits
    /// for a flush of the write-ahead log. The default value.
    /// </summary>
    Full,

    /// <summary>
    /// The end of the process, <c>kill -9</c> included (<c>synchronous=NORMAL</c>). After a power loss or a crash of
    /// the operating system the last confirmed appends may be gone, and their positions are given out again: a
    /// checkpoint that is ahead of the feed, or a remembered stream head, shows it.
    /// </summary>
    ProcessCrash,
}
