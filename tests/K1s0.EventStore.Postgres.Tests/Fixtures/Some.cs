using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>Streams and events for tests.</summary>
internal static class Some
{
    /// <summary>A stream that no other test has.</summary>
    public static StreamId Stream(string type = "order") => new(type, Guid.CreateVersion7().ToString("N"));

    public static EventEnvelope Event(
        StreamId stream,
        string payload = """{"quantity":1}""",
        string type = "ItemAdded",
        EventMetadata? metadata = null) =>
        EventEnvelope.Create(
            stream, type, Encoding.UTF8.GetBytes(payload), metadata ?? new EventMetadata { Actor = "alice" });

    public static EventEnvelope[] Events(StreamId stream, int count) =>
        [.. Enumerable.Range(1, count).Select(number => Event(
            stream, string.Create(CultureInfo.InvariantCulture, $$"""{"quantity":{{number}}}""")))];

    public static StreamAppend Append(StreamId stream, int count = 1, ExpectedVersion expected = default) =>
        new(stream, Events(stream, count), expected);
}
