using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Keeps a queue of operations in an event store, for example the SQLite file of a device: as durable as an append of
/// that store is.
/// </summary>
/// <remarks>
/// <para>Streams: <c>k1s0-sync-queue</c> / name, which says which part is in use, and one for each part. What has been
/// delivered stays in the store as history; when a queue is opened and most of its part is history, it goes on in a new
/// part, so that opening takes time for what waits and not for all that ever was. Of what was done with, a new part
/// remembers no ids. When that fails, it stays in the old part.</para>
/// <para>Two queues on one name shut each other out: the second to write gets a <see cref="ConcurrencyException"/>,
/// also when the first has gone on in a new part.</para>
/// </remarks>
public sealed class EventStoreQueueStore : IQueueStore
{
    private const string AggregateType = "k1s0-sync-queue";
    private const int MaxChangesPerAppend = 500;
    private const int MaxBytesPerAppend = 1024 * 1024;
    private const int LeastHistory = 1_000;
    private const string PartEnded = "part-ended";

    private readonly IEventStore _store;
    private readonly IEventAppender _appender;
    private readonly IStreamReader _reader;
    private readonly TimeProvider _timeProvider;
    private readonly string _name;
    private StreamId? _part;
    private long _version;

    /// <summary>A queue in a store.</summary>
    /// <param name="store">
    /// The event store; it also appends to several streams at once and reads streams backward.
    /// </param>
    /// <param name="name">The name of the queue, 1 to 100 characters.</param>
    /// <param name="timeProvider">Where the time of its notes comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The store lacks a role, or the name has a wrong length.</exception>
    public EventStoreQueueStore(IEventStore store, string name = "operations", TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        _store = store;
        _appender = store as IEventAppender
            ?? throw new ArgumentException($"The store is no {nameof(IEventAppender)}.", nameof(store));
        _reader = store as IStreamReader
            ?? throw new ArgumentException($"The store is no {nameof(IStreamReader)}.", nameof(store));
        (_name, _timeProvider) = (name, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<QueueContents> OpenAsync(CancellationToken cancellationToken = default)
    {
        var number = await ReadPartNumberAsync(cancellationToken).ConfigureAwait(false);
        QueueIndex entries;
        while (await ReadPartAsync(Part(number), entries = new QueueIndex(), cancellationToken).ConfigureAwait(false))
        {
            // Another queue has gone on in a new part since the number was read.
            var next = await ReadPartNumberAsync(cancellationToken).ConfigureAwait(false);
            number = next > number
                ? next
                : throw new InvalidFormatException("queue of operations", $"{Part(number)} has ended, the last.");
        }

        if (_version > LeastHistory + (4L * entries.Count))
        {
            await TryGoOnInNewPartAsync(number, [.. entries.All], cancellationToken).ConfigureAwait(false);
        }

        return entries.Contents;
    }

    /// <inheritdoc/>
    public async Task WriteAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(changes.Count, MaxChangesPerAppend, nameof(changes));
        var part = _part ?? throw new InvalidOperationException("The queue has not been opened.");
        var result = await _store.AppendAsync(
            part,
            [.. changes.Select(change => StoredQueueChange.Write(change, part, _timeProvider))],
            _version,
            cancellationToken).ConfigureAwait(false);
        _version = result.Version.Value;
    }

    // As much as one append of a store may hold.
    private static IEnumerable<List<QueueEntry>> Chunks(IReadOnlyList<QueueEntry> entries)
    {
        var (chunk, bytes) = (new List<QueueEntry>(), 0L);
        foreach (var entry in entries)
        {
            if (chunk.Count == MaxChangesPerAppend
                || (chunk.Count > 0 && bytes + entry.Operation.Size > MaxBytesPerAppend))
            {
                yield return chunk;
                (chunk, bytes) = ([], 0L);
            }

            chunk.Add(entry);
            bytes += entry.Operation.Size;
        }

        if (chunk.Count > 0)
        {
            yield return chunk;
        }
    }

    // Whether it has ended: another one follows.
    private async Task<bool> ReadPartAsync(StreamId part, QueueIndex entries, CancellationToken cancellationToken)
    {
        (_part, _version) = (part, 0);
        await foreach (var stored in _reader.ReadStreamAsync(part, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            if (string.Equals(stored.EventType, PartEnded, StringComparison.Ordinal))
            {
                return true;
            }

            entries.Apply(StoredQueueChange.Read(stored));
            _version = stored.Version;
        }

        return false;
    }

    private async Task TryGoOnInNewPartAsync(
        long number, QueueEntry[] entries, CancellationToken cancellationToken)
    {
        try
        {
            await GoOnInNewPartAsync(number, entries, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is EventStoreException or ArgumentException)
        {
            // What waits is all there: the queue stays in the old part, and the next opening tries again. Should the
            // part have ended all the same, or another queue have written to it, the first write is refused and the
            // queue read anew.
        }
    }

    // The old part counts until it is ended, at the instant at which the new one begins: a crash before that leaves a
    // part that nobody reads. Who still has the old part open finds it at another version.
    private async Task GoOnInNewPartAsync(
        long number, QueueEntry[] entries, CancellationToken cancellationToken)
    {
        StreamId part;
        do
        {
            part = Part(++number);
        }
        while (await HasEventsAsync(part, cancellationToken).ConfigureAwait(false));

        var version = 0L;
        foreach (var some in Chunks(entries))
        {
            var result = await _store.AppendAsync(
                part,
                [.. some.Select(entry => StoredQueueChange.Write(QueueChange.Put(entry), part, _timeProvider))],
                version,
                cancellationToken).ConfigureAwait(false);
            version = result.Version.Value;
        }

        var note = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        await _appender.AppendAsync(
            [
                Append(_part!, PartEnded, note, ExpectedVersion.Exactly(new StreamVersion(_version))),
                Append(Parts(), "part-begun", note, ExpectedVersion.Any),
            ],
            cancellationToken).ConfigureAwait(false);
        (_part, _version) = (part, version);
    }

    private StreamAppend Append(StreamId stream, string type, byte[] payload, ExpectedVersion expected) =>
        new(stream, [EventEnvelope.Create(stream, type, payload, timeProvider: _timeProvider)], expected);

    private async Task<long> ReadPartNumberAsync(CancellationToken cancellationToken)
    {
        await foreach (var last in _reader
            .ReadStreamAsync(Parts(), ReadDirection.Backward, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            return last.Payload.GetInt64();
        }

        return 1;
    }

    private async Task<bool> HasEventsAsync(StreamId part, CancellationToken cancellationToken)
    {
        await foreach (var _ in _reader.ReadStreamAsync(part, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            return true;
        }

        return false;
    }

    private StreamId Parts() => new(AggregateType, _name);

    private StreamId Part(long number) =>
        new(AggregateType, string.Create(CultureInfo.InvariantCulture, $"{_name}/{number}"));
}
