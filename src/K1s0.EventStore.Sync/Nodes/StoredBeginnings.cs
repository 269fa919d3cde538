using System.Buffers;
using System.Text.Json;
using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Keeps where the logs of <see cref="EventStoreReplicaStore"/> begin that begin behind the end that a snapshot named.
/// The last one for a log counts.
/// </summary>
/// <remarks>
/// <code>
/// k1s0-sync / beginnings       {"part":i,"parts":n,"logs":[place,...],"snapshot":"base64"}
///                              all parts in one append; the logs, in the first, by their place among the heads; the
///                              snapshot in slices: a manifest, see SnapshotFormat, without its chunks
/// k1s0-sync-log / origin       a log that is here from its first event on; an event's version is its sequence
/// k1s0-sync-log / origin-n     a log that begins behind event n; an event's version is its sequence less n
/// </code>
/// One append moves all logs at one instant: from then on another stream is read, and what stands in the one before is
/// no part of the log. Nothing is removed. A note that cannot be read leaves no choice but to refuse: which stream
/// counts, nobody could say.
/// </remarks>
internal sealed class StoredBeginnings(
    IEventStore store, IEventAppender appender, IStreamReader reader, TimeProvider timeProvider)
{
    // A store that takes events which name some hundred origins takes this.
    private const int SliceBytes = 16 * 1024;
    private const string FormatName = "beginnings of logs";

    private static readonly StreamId Beginnings = new("k1s0-sync", "beginnings");

    private readonly Lock _lock = new();

    // Null until somebody needs it. What is read while something is written is not kept.
    private volatile IReadOnlyDictionary<Origin, OriginHead>? _known;
    private long _writes;

    /// <summary>The ends behind which logs begin.</summary>
    /// <exception cref="InvalidFormatException">A note is damaged.</exception>
    public async ValueTask<IReadOnlyDictionary<Origin, OriginHead>> LoadAsync(CancellationToken cancellationToken)
    {
        if (_known is { } known)
        {
            return known;
        }

        var writes = Volatile.Read(ref _writes);
        var loaded = await ReadAsync(cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _known = writes == _writes ? loaded : _known;
        }

        return loaded;
    }

    /// <summary>Has logs begin behind the ends that a snapshot names; see the interface.</summary>
    public async Task AppendAsync(
        SnapshotManifest snapshot, IReadOnlyList<Origin> logs, CancellationToken cancellationToken)
    {
        var end = (await reader.GetHeadAsync(Beginnings, cancellationToken).ConfigureAwait(false)).Version;
        var notes = NotesOf(snapshot, [.. logs]).ConvertAll(
            note => EventEnvelope.Create(Beginnings, "logs-begun", note, timeProvider: timeProvider));
        try
        {
            // Nobody keeps what he reads from here on.
            Publish();
            await appender.AppendAsync(
                [new StreamAppend(Beginnings, notes, ExpectedVersion.Exactly(end))], cancellationToken)
                .ConfigureAwait(false);
        }
        finally
        {
            Publish();
        }
    }

    private static List<ReadOnlyMemory<byte>> NotesOf(SnapshotManifest snapshot, HashSet<Origin> logs)
    {
        var heads = SnapshotFormat.Create(
            new SnapshotHeader(snapshot.Name, snapshot.SchemaVersion, snapshot.EntryCount, snapshot.Heads), []);
        var places = Enumerable.Range(0, heads.Heads.Count)
            .Where(place => logs.Contains(heads.Heads[place].Last.Origin)).ToList();
        var slices = heads.ToArray().Chunk(SliceBytes).ToList();
        return [.. slices.Select((slice, at) => NoteOf(at + 1, slices.Count, at == 0 ? places : [], slice))];
    }

    private static ReadOnlyMemory<byte> NoteOf(int part, int parts, List<int> places, byte[] slice)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("part", part);
            json.WriteNumber("parts", parts);
            json.WriteStartArray("logs");
            places.ForEach(json.WriteNumberValue);
            json.WriteEndArray();
            json.WriteBase64String("snapshot", slice);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private void Publish()
    {
        lock (_lock)
        {
            _writes++;
            _known = null;
        }
    }

    private async Task<IReadOnlyDictionary<Origin, OriginHead>> ReadAsync(CancellationToken cancellationToken)
    {
        var (beginnings, expected) = (new Dictionary<Origin, OriginHead>(), 1);
        var (places, bytes) = (new List<int>(), new List<byte>());
        var end = (await reader.GetHeadAsync(Beginnings, cancellationToken).ConfigureAwait(false)).Version.Value;
        var notes = end == 0
            ? []
            : await store.LoadAsync(Beginnings, 1, end, cancellationToken).ConfigureAwait(false);
        foreach (var note in notes)
        {
            var (part, parts, logs, slice) = Read(note);
            if (part != expected)
            {
                throw Damaged();
            }

            places.AddRange(logs);
            bytes.AddRange(slice);
            expected = part == parts ? 1 : part + 1;
            if (expected == 1)
            {
                Add(beginnings, places, SnapshotManifest.Decode(bytes.ToArray()).Heads);
                (places, bytes) = ([], []);
            }
        }

        return notes.Count == end && expected == 1 ? beginnings : throw Damaged();
    }

    private static void Add(
        Dictionary<Origin, OriginHead> beginnings, List<int> places, IReadOnlyList<OriginHead> heads)
    {
        foreach (var place in places)
        {
            var head = place >= 0 && place < heads.Count ? heads[place] : throw Damaged();
            beginnings[head.Last.Origin] = head;
        }
    }

    private static (int Part, int Parts, List<int> Logs, byte[] Slice) Read(EventEnvelope note)
    {
        try
        {
            var payload = note.Payload;
            return (
                payload.GetProperty("part").GetInt32(),
                payload.GetProperty("parts").GetInt32(),
                [.. payload.GetProperty("logs").EnumerateArray().Select(place => place.GetInt32())],
                payload.GetProperty("snapshot").GetBytesFromBase64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw Damaged(e);
        }
    }

    private static InvalidFormatException Damaged(Exception? inner = null) => new(
        FormatName, "where the logs begin cannot be read: begin anew with an empty store and a snapshot.", inner!);
}
