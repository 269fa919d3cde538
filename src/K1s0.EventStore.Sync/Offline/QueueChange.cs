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

    /// <summary>Makes the change on entries by their number.</summary>
    /// <param name="entries">The entries.</param>
    public void ApplyTo(IDictionary<long, QueueEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        switch (this)
        {
            case PutChange put:
                entries[Number] = put.Entry;
                break;
            case NoteChange note when entries.TryGetValue(Number, out var known):
                entries[Number] = note.Entry with { Operation = known.Operation };
                break;
            case RemoveChange:
                entries.Remove(Number);
                break;
            default:
                break;
        }
    }

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
