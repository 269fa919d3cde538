using System.Text;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Benchmarks.Integrity;

/// <summary>Byte strings as long as those that are hashed for each event; see ContentDigest and StreamChain.</summary>
internal sealed class HashInputs
{
    // Label, id, schema version, time, two digests, and the lengths of the nine fields.
    private const int ContentFixedBytes = 20 + 16 + 4 + 8 + 32 + 32 + (9 * 4);

    // Label, tag, version, the link before, content digest.
    private const int LinkBytes = 18 + 32 + 8 + 32 + 32;

    // A prefix and a leaf record; a prefix and two hashes: a tree has as many nodes as leaves.
    private const int LeafBytes = 1 + LeafRecord.Length;
    private const int NodeBytes = 1 + (2 * Sha256Digest.Length);

    /// <summary>The byte strings of some events.</summary>
    /// <param name="events">The events.</param>
    /// <param name="isSealed">Whether those of the log count too.</param>
    public HashInputs(IEnumerable<EventEnvelope> events, bool isSealed = false)
    {
        var random = new Random(1);
        Separate = [.. events.Select(envelope => Inputs(envelope, isSealed, random))];
        Joined = [.. Separate.Select(inputs => new[] { inputs.SelectMany(input => input).ToArray() })];
    }

    /// <summary>Four byte strings an event, six where it is sealed.</summary>
    public IReadOnlyList<byte[][]> Separate { get; }

    /// <summary>The same bytes in one byte string an event.</summary>
    public IReadOnlyList<byte[][]> Joined { get; }

    public double BytesPerEvent => Joined.Average(inputs => inputs[0].Length);

    private static byte[][] Inputs(EventEnvelope envelope, bool isSealed, Random random)
    {
        var content = new byte[ContentFixedBytes + Encoding.UTF8.GetByteCount(envelope.StreamId.AggregateType)
            + Encoding.UTF8.GetByteCount(envelope.StreamId.AggregateId)
            + Encoding.UTF8.GetByteCount(envelope.EventType)];
        var link = new byte[LinkBytes];
        random.NextBytes(content);
        random.NextBytes(link);
        byte[][] chain = [envelope.MetadataUtf8.ToArray(), envelope.PayloadUtf8.ToArray(), content, link];
        return isSealed ? [.. chain, new byte[LeafBytes], new byte[NodeBytes]] : chain;
    }
}
