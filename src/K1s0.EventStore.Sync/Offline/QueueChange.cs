namespace K1s0.EventStore.Sync;

/// <summary>One change of a queue that its store makes durable.</summary>
public abstract class QueueChange
{
    private protected QueueChange(long number) => Number = number;

    /// <summary>The place in the queue that changes.</summary>
    public long Number { get; }

    /// <summary>A new entry, or another operation in the place of one.</summary>
    /// <param name="entry">The entry as it is from now on.</param>
    public static QueueChange Put(QueueEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new PutChange(entry);
    }

    /// <summary>An entry whose operation stays and of which something else changed.</summary>
    /// <param name="entry">The entry as it is from now on.</param>
    public static QueueChange Note(QueueEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new NoteChange(entry);
    }

    /// <summary>An entry that is done with.</summary>
    /// <param name="number">Its place.</param>
    public static QueueChange Remove(long number) => new RemoveChange(number);

    /// <summary>What stands at the place after the change; null for nothing.</summary>
    /// <param name="before">What stood there before; null for nothing.</param>
    public QueueEntry? Apply(QueueEntry? before) => this switch
    {
        PutChange put => put.Entry,
        NoteChange note when before is not null => note.Entry with { Operation = before.Operation },
        _ => null,
    };

    internal sealed class PutChange(QueueEntry entry) : QueueChange(entry.Number)
    {
        public QueueEntry Entry => entry;
    }

    internal sealed class NoteChange(QueueEntry entry) : QueueChange(entry.Number)
    {
        public QueueEntry Entry => entry;
    }

    internal sealed class RemoveChange(long number) : QueueChange(number);
}
