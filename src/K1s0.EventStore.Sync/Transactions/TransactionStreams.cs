using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace K1s0.EventStore.Sync;

/// <summary>The streams in which coordinators and participants keep what they must not forget.</summary>
/// <remarks>
/// <code>
/// k1s0-sync-decision / coordinator/transaction    one event: committed or aborted; whoever writes it first decides
/// k1s0-sync-intent / participant/transaction      prepared, and the intents; see TransactionIntents
/// k1s0-sync-outcome / participant/transaction     committed, aborted or refused; then damaged, if that came out
///                                                 {"forcedBy":"...","reason":"..."} where an operator decided
/// k1s0-sync-open / participant                    opened and closed, by transaction; settled: nothing was open then,
///                                                 or what {"open":["...",...]} says
/// k1s0-sync-untold / coordinator                  the same, of commits that not everybody has confirmed
/// </code>
/// Every decision is an append to a stream that must not exist yet, so that the store itself lets one of two win.
/// </remarks>
internal static class TransactionStreams
{
    public const string Opened = "opened";
    public const string Closed = "closed";
    public const string Settled = "settled";
    public const string Prepared = "prepared";
    public const string Committed = "committed";
    public const string Aborted = "aborted";
    public const string Refused = "refused";
    public const string Damaged = "damaged";
    public const string ForcedBy = "forcedBy";

    private const string StillOpen = "open";

    public static StreamId Decision(string coordinator, Guid id) => Of("k1s0-sync-decision", coordinator, id);

    public static StreamId Intent(string participant, Guid id) => Of("k1s0-sync-intent", participant, id);

    public static StreamId Outcome(string participant, Guid id) => Of("k1s0-sync-outcome", participant, id);

    public static StreamId Open(string participant) => new("k1s0-sync-open", participant);

    public static StreamId Untold(string coordinator) => new("k1s0-sync-untold", coordinator);

    /// <summary>One event to a stream.</summary>
    public static StreamAppend Append(
        StreamId stream,
        string type,
        TimeProvider timeProvider,
        ExpectedVersion expected = default,
        Action<Utf8JsonWriter>? write = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write?.Invoke(json);
            json.WriteEndObject();
        }

        return new StreamAppend(
            stream, [EventEnvelope.Create(stream, type, buffer.WrittenMemory, timeProvider: timeProvider)], expected);
    }

    public static StreamAppend Note(StreamId stream, string type, Guid id, TimeProvider timeProvider) =>
        Append(stream, type, timeProvider, write: json => json.WriteString("transaction", id));

    /// <summary>What is open at the end of the notes, so that nobody need read what came before.</summary>
    public static StreamAppend Settle(StreamId stream, OpenNotes notes, TimeProvider timeProvider) =>
        Append(stream, Settled, timeProvider, ExpectedVersion.Exactly(notes.End), json =>
        {
            json.WriteStartArray(StillOpen);
            foreach (var id in notes.Open)
            {
                json.WriteStringValue(id);
            }

            json.WriteEndArray();
        });

    /// <summary>The type of the first event; null when the stream does not exist.</summary>
    public static async Task<string?> FirstTypeAsync(
        IEventStore store, StreamId stream, CancellationToken cancellationToken)
    {
        var events = await store.LoadAsync(stream, 1, 1, cancellationToken).ConfigureAwait(false);
        return events.Count > 0 ? events[0].EventType : null;
    }

    /// <summary>The transactions that were opened and not closed.</summary>
    public static async Task<OpenNotes> ReadOpenAsync(
        IStreamReader reader, StreamId stream, CancellationToken cancellationToken)
    {
        var (open, closed, end, read) = (new List<Guid>(), new HashSet<Guid>(), 0L, 0);
        await foreach (var note in reader
            .ReadStreamAsync(stream, ReadDirection.Backward, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            end = Math.Max(end, note.Version);
            if (string.Equals(note.EventType, Settled, StringComparison.Ordinal))
            {
                open.AddRange(ReadSettled(note).Where(id => !closed.Contains(id)));
                break;
            }

            read++;
            var id = note.Payload.GetProperty("transaction").GetGuid();
            if (string.Equals(note.EventType, Closed, StringComparison.Ordinal))
            {
                closed.Add(id);
            }
            else if (!closed.Contains(id))
            {
                open.Add(id);
            }
        }

        open.Reverse();
        return new OpenNotes(open, new StreamVersion(end), read);
    }

    // Newest first.
    private static IEnumerable<Guid> ReadSettled(EventEnvelope note) =>
        note.Payload.TryGetProperty(StillOpen, out var open)
            ? open.EnumerateArray().Select(id => id.GetGuid()).Reverse()
            : [];

    private static StreamId Of(string type, string name, Guid id) =>
        new(type, string.Create(CultureInfo.InvariantCulture, $"{name}/{id:D}"));
}
