using System.Buffers.Binary;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Decodes frames of events, and checks them against the index.</summary>
internal static class BatchFrames
{
    private const uint SkippableMagic = 0x184D2A50;

    /// <summary>Decodes a frame; where its filter is given, also whether that lets every stream be found.</summary>
    /// <exception cref="InvalidFormatException">The frame is not what the index says.</exception>
    /// <exception cref="DecompressionException">It cannot be decompressed, or is larger than accepted.</exception>
    public static List<EventEnvelope> Decode(
        ReadOnlyMemory<byte> compressed,
        EventBatchFrame frame,
        ICompressionCodec codec,
        int maxContentBytes,
        ReadOnlyMemory<byte> filter = default)
    {
        CheckLength(frame, maxContentBytes);
        Expect(Sha256Digest.Of(compressed.Span) == frame.Digest, "a frame does not match its digest.");
        ReadOnlyMemory<byte> lines = codec.Decompress(compressed.Span, frame.ContentLength);
        Expect(lines.Length == frame.ContentLength, "a frame has another length than the index says.");
        var events = new List<EventEnvelope>();
        var chain = new FrameChain();
        while (!lines.IsEmpty)
        {
            var end = lines.Span.IndexOf((byte)'\n');
            Expect(end > 0, "a line does not end, or is empty.");
            var envelope = chain.Complete(EventLine.Read(lines[..end], out var hasChain), hasChain);
            Expect(events.Count == 0 || envelope.Position > events[^1].Position, "the events are not in order.");
            events.Add(envelope);
            lines = lines[(end + 1)..];
        }

        Expect(
            events.Count == frame.EventCount
            && events[0].Position == frame.First
            && events[^1].Position == frame.Last
            && events.Min(envelope => envelope.RecordedAt) == frame.Earliest
            && events.Max(envelope => envelope.RecordedAt) == frame.Latest,
            "the events of a frame are not those that the index says.");
        Expect(
            filter.IsEmpty || chain.Tags.All(tag => StreamFilter.MayHold(filter.Span, tag)),
            "a filter does not show a stream of its frame.");
        return events;
    }

    /// <summary>Before anything is read or reserved: the compressed length is bound by this one.</summary>
    /// <exception cref="DecompressionException">The frame is larger than accepted.</exception>
    public static void CheckLength(EventBatchFrame frame, int maxContentBytes)
    {
        if (frame.ContentLength > maxContentBytes)
        {
            throw new DecompressionException(
                DecompressionFault.TooLarge,
                $"a frame claims {frame.ContentLength} bytes, and {maxContentBytes} are accepted.");
        }
    }

    /// <exception cref="InvalidFormatException">The filters are not those that the index says.</exception>
    public static void CheckFilters(ReadOnlySpan<byte> head, ReadOnlySpan<byte> filters, EventBatchIndex index) =>
        Expect(
            BinaryPrimitives.ReadUInt32LittleEndian(head) == SkippableMagic
            && BinaryPrimitives.ReadInt32LittleEndian(head[4..]) == filters.Length
            && Sha256Digest.Of(filters) == index.FiltersDigest,
            "the filters do not match their digest.");

    private static void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidFormatException(BatchTail.FormatName, otherwise);
        }
    }
}
