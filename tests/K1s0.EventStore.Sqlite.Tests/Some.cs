using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Sqlite.Tests;

/// <summary>Streams and events without a meaning.</summary>
internal static class Some
{
    public static StreamId Stream(string type = "order") => new(type, Guid.CreateVersion7().ToString("N"));

    public static EventEnvelope Event(StreamId stream, string payload = """{"quantity":1}""") =>
        EventEnvelope.Create(stream, "ItemAdded", Encoding.UTF8.GetBytes(payload));

    public static EventEnvelope[] Events(StreamId stream, int count) =>
        [.. Enumerable.Range(1, count).Select(number => Event(
            stream, string.Create(CultureInfo.InvariantCulture, $$"""{"quantity":{{number}}}""")))];
}
