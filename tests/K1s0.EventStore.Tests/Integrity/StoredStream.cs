using System.Globalization;
using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Streams as a store returns them, to be tampered with.</summary>
internal static class StoredStream
{
    public static StreamId Id { get; } = new("order", "1");

    public static EventEnvelope[] Of(int count, StreamId? streamId = null)
    {
        var stream = streamId ?? Id;
        var (events, head) = (new EventEnvelope[count], StreamHead.Empty(stream));
        for (var i = 0; i < count; i++)
        {
            var payload = string.Create(CultureInfo.InvariantCulture, $$"""{"quantity":{{i}}}""");
            var envelope = EventEnvelope.Create(
                stream, "ItemAdded", Encoding.UTF8.GetBytes(payload), new EventMetadata { Actor = "alice" });
            events[i] = Linked(envelope with { Version = i + 1 }, head);
            head = new StreamHead(stream, new StreamVersion(i + 1), envelope.Id, events[i].ChainHash);
        }

        return events;
    }

    /// <summary>The event with a digest and a link that fit it, behind a head: what a forger can compute.</summary>
    public static EventEnvelope Linked(EventEnvelope envelope, StreamHead head)
    {
        var content = ContentDigest.Compute(envelope);
        return envelope with
        {
            PreviousEventId = head.LastEventId,
            ContentDigest = content,
            ChainHash = StreamChain.Next(
                StreamChain.Tag(head.StreamId), head.Version.Value + 1, head.ChainHash, content),
        };
    }

    public static StreamHead HeadOf(EventEnvelope[] events) =>
        events is [.., var last]
            ? new StreamHead(last.StreamId, new StreamVersion(last.Version), last.Id, last.ChainHash)
            : StreamHead.Empty(Id);
}
