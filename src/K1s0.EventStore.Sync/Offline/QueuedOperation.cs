using System.Text;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Something that is to be done elsewhere, as soon as that can be reached: a command, not yet an event. Immutable.
/// </summary>
public sealed class QueuedOperation
{
    /// <summary>The most characters of a kind or a key: 256.</summary>
    public const int MaxNameLength = 256;

    /// <summary>
    /// The most operations that are merged into one: 31, so that one append of a store has room for a mark of each and
    /// for what the operation does.
    /// </summary>
    public const int MaxAbsorbed = 31;

    // What an operation takes beside its names and its payload: ids, numbers and their names in a store.
    private const int FixedBytes = 120;

    /// <summary>An operation.</summary>
    /// <param name="id">
    /// The id by which it takes effect once, however often it is sent; a version 7 UUID is recommended. Whoever is not
    /// sure whether <see cref="OfflineQueue.EnqueueAsync"/> succeeded calls it again with the same id.
    /// </param>
    /// <param name="kind">What kind of operation it is, 1 to 256 characters.</param>
    /// <param name="key">
    /// What it is about, 1 to 256 characters: operations of one key arrive in the order in which they were queued, and
    /// one that fails holds up those of its own key only.
    /// </param>
    /// <param name="payloadUtf8">What is to be done, as JSON in UTF-8. Kept, not copied.</param>
    /// <exception cref="ArgumentException">The id is empty, a name has a wrong length, or it is no JSON.</exception>
    public QueuedOperation(Guid id, string kind, string key, ReadOnlyMemory<byte> payloadUtf8)
        : this(id, kind, key, payloadUtf8, [])
    {
    }

    /// <summary>An operation into which others were merged, as it arrives where it was sent.</summary>
    /// <param name="id">The id by which it takes effect once.</param>
    /// <param name="kind">What kind of operation it is, 1 to 256 characters.</param>
    /// <param name="key">What it is about, 1 to 256 characters.</param>
    /// <param name="payloadUtf8">What is to be done, as JSON in UTF-8. Kept, not copied.</param>
    /// <param name="absorbed">
    /// The <see cref="Absorbed"/> of the operation that was sent: without them a receiver would let an operation that
    /// was merged take effect once more when it comes again by itself.
    /// </param>
    /// <exception cref="ArgumentException">
    /// An id is empty or stands twice, there are too many, a name has a wrong length, or it is no JSON.
    /// </exception>
    public QueuedOperation(
        Guid id, string kind, string key, ReadOnlyMemory<byte> payloadUtf8, IReadOnlyList<Guid> absorbed)
    {
        ArgumentNullException.ThrowIfNull(absorbed);
        CheckName(kind, nameof(kind));
        CheckName(key, nameof(key));
        if (id == Guid.Empty)
        {
            throw new ArgumentException("An operation needs an id.", nameof(id));
        }

        if (!EnvelopeRules.IsJson(payloadUtf8.Span))
        {
            throw new ArgumentException("The payload of an operation is JSON.", nameof(payloadUtf8));
        }

        if (absorbed.Count > MaxAbsorbed)
        {
            throw new ArgumentException($"At most {MaxAbsorbed} operations are merged into one.", nameof(absorbed));
        }

        Guid[] ids = [.. absorbed];
        if (ids.Contains(Guid.Empty) || ids.Append(id).Distinct().Count() <= ids.Length)
        {
            throw new ArgumentException("Operations that are merged have ids of their own.", nameof(absorbed));
        }

        (Id, Kind, Key, PayloadUtf8, Absorbed) = (id, kind, key, payloadUtf8, ids);
    }

    /// <summary>The id by which it takes effect once.</summary>
    public Guid Id { get; }

    /// <summary>What kind of operation it is.</summary>
    public string Kind { get; }

    /// <summary>What it is about.</summary>
    public string Key { get; }

    /// <summary>What is to be done, as JSON in UTF-8.</summary>
    public ReadOnlyMemory<byte> PayloadUtf8 { get; }

    /// <summary>The ids of operations that were merged into this one before any of them was sent.</summary>
    public IReadOnlyList<Guid> Absorbed { get; }

    /// <summary>About how many bytes it takes in a store, and on the way before compression.</summary>
    public int Size => FixedBytes + PayloadUtf8.Length + Encoding.UTF8.GetByteCount(Kind)
        + Encoding.UTF8.GetByteCount(Key) + (39 * Absorbed.Count);

    /// <summary>Kind, key and id, never the payload.</summary>
    public override string ToString() => $"{Kind} {Key} {Id}";

    private static void CheckName(string name, string parameterName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name, parameterName);
        if (name.Length > MaxNameLength)
        {
            throw new ArgumentException($"A name has at most {MaxNameLength} characters.", parameterName);
        }
    }
}
