using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// A write that waits for the writer. It can be given up until the writer takes it, and not afterwards.
/// </summary>
internal abstract class PendingWrite
{
    /// <summary>Roughly how many bytes it adds to a transaction.</summary>
    public abstract long Bytes { get; }

    /// <summary>Its place in the queue; guarded by the queue's lock.</summary>
    public LinkedListNode<PendingWrite>? Node { get; set; }

    /// <summary>Whether the write is the caller's of this method now; false when it was given up.</summary>
    public abstract bool TryTake();

    /// <summary>Writes, and keeps the result until the commit. May be called again after a rollback.</summary>
    /// <exception cref="SqliteException">The transaction may have ended.</exception>
    /// <exception cref="EventStoreException">The write is refused; its neighbours are not.</exception>
    public abstract void Run(SqliteSession session);

    /// <summary>The write is committed: the waiting caller gets the result.</summary>
    public abstract void Succeed();

    /// <summary>The write is certainly not stored.</summary>
    public abstract void Fail(Exception reason);

    /// <summary>The commit failed in a way that does not tell whether the write is stored.</summary>
    public abstract void FailUnknown(string reason, SqliteException exception);
}
