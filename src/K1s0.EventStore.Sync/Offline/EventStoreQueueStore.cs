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
/// remembers no ids.</para>
/// <para>Two queues on one name shut each other out: the second to write gets a <see cref="ConcurrencyException"/>.
/// </para>
/// </remarks>
public sealed class EventStoreQueueStore : IQueueStore
{
    private const string AggregateType = "k1s0-sync-queue";
    private const int MaxChangesPerAppend = 500;
    private const int LeastHistory = 1_000;

    private readonly IEventStore _store;
    private readonly IStreamReader _reader;
    private readonly TimeProvider _timeProvider;
    private readonly string _name;
    private StreamId? _part;
    private long _version;

    /// <summary>A queue in a store.</summary>
    /// <param name="store">The event store; it also reads streams backward.</param>
    /// <param name="name">The name of the queue, 1 to 100 characters.</param>
    /// <param name="timeProvider">Where the time of its notes comes from; the system's clock when null.</param>
    /// <exception cref="ArgumentException">The store lacks a role, or the name has a wrong length.</exception>
    public EventStoreQueueStore(IEventStore store, string name = "operations", TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, 100, nameof(name));
        _store = store;
        _reader = store as IStreamReader
            ?? throw new ArgumentException($"The store is no {nameof(IStreamReader)}.", nameof(store));
        (_name, _timeProvider) = (name, timeProvider ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<QueueContents> OpenAsync(CancellationToken cancellationToken = default)
    {
        var number = await ReadPartNumberAsync(cancellationToken).ConfigureAwait(false);
        var (part, entries, version) = (Part(number), new QueueIndex(), 0L);
        await foreach (var stored in _reader.ReadStreamAsync(part, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            entries.Apply(StoredQueueChange.Read(stored));
            version = stored.Version;
        }

        (_part, _version) = (part, version);
        if (version > LeastHistory + (4L * entries.Count))
        {
            await GoOnInNewPartAsync(number, [.. entries.All], cancellationToken).ConfigureAwait(false);
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

    // The old part counts until the note of the new one is there: a crash in between leaves a part that nobody reads.
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
        foreach (var some in entries.Chunk(MaxChangesPerAppend))
        {
            var result = await _store.AppendAsync(
                part,
                [.. some.Select(entry => StoredQueueChange.Write(QueueChange.Put(entry), part, _timeProvider))],
                version,
                cancellationToken).ConfigureAwait(false);
            version = result.Version.Value;
        }

        var parts = Parts();
        var note = Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture));
        await _store.AppendAsync(
            parts,
            [EventEnvelope.Create(parts, "part-begun", note, timeProvider: _timeProvider)],
            expectedVersion: null,
            cancellationToken).ConfigureAwait(false);
        (_part, _version) = (part, version);
    }

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
