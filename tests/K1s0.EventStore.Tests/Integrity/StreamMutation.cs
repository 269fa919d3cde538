using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>One change to a stored stream, drawn at random by a property.</summary>
/// <param name="Kind">Which change: see <see cref="Apply"/>.</param>
/// <param name="Index">Which event, modulo the length of the stream.</param>
/// <param name="Chance">Which byte, bit or other place the change concerns.</param>
internal sealed record StreamMutation(int Kind, int Index, int Chance)
{
    public const int Kinds = 16;

    /// <summary>The changed stream and the first version that must be named; null when nothing changes.</summary>
    public (EventEnvelope[] Events, long FirstBad)? Apply(EventEnvelope[] valid)
    {
        var at = Index % valid.Length;
        var other = Chance % valid.Length;
        var one = valid[at];
        return Kind switch
        {
            0 => Replaced(valid, at, one with { PayloadUtf8 = Flipped(one.PayloadUtf8) }),
            1 => Replaced(valid, at, one with { MetadataUtf8 = Flipped(one.MetadataUtf8) }),
            2 => Replaced(valid, at, one with { EventType = one.EventType + (char)('a' + (Chance % 26)) }),
            3 => Replaced(valid, at, one with { OccurredAt = one.OccurredAt.AddMicroseconds(1 + Chance) }),
            4 => Replaced(valid, at, one with { SchemaVersion = 2 + Chance }),
            5 => Replaced(valid, at, one with { Id = Flipped(one.Id) }),
            6 => Replaced(valid, at, one with { StreamId = new StreamId("order", $"1{Chance}") }),
            7 => Replaced(valid, at, one with { PreviousEventId = Flipped(one.PreviousEventId) }),
            8 => Replaced(valid, at, one with { ContentDigest = Flipped(one.ContentDigest) }),
            9 => Replaced(valid, at, one with { ChainHash = Flipped(one.ChainHash) }),
            10 => Replaced(valid, at, one with { Version = one.Version + 1 + Chance }),
            11 => ([.. valid[..at], .. valid[(at + 1)..]], at + 1),
            12 => ([.. valid[..at], one, .. valid[at..]], at + 1),
            13 => at == other ? null : (Swapped(valid, at, other), Math.Min(at, other) + 1),
            14 => (valid[..at], at + 1),
            15 => (Inserted(valid, at), at + 1 == valid.Length ? at + 1 : at + 2),
            _ => throw new InvalidOperationException("There is no such mutation."),
        };
    }

    private static (EventEnvelope[] Events, long FirstBad) Replaced(
        EventEnvelope[] valid, int at, EventEnvelope changed) =>
        ([.. valid[..at], changed, .. valid[(at + 1)..]], at + 1);

    private static EventEnvelope[] Swapped(EventEnvelope[] valid, int one, int other)
    {
        EventEnvelope[] swapped = [.. valid];
        (swapped[one], swapped[other]) = (swapped[other], swapped[one]);
        return swapped;
    }

    // The forged event itself fits: the one behind it does not, or the remembered head when it has the head's version.
    private static EventEnvelope[] Inserted(EventEnvelope[] valid, int at)
    {
        var forged = StoredStream.Linked(
            EventEnvelope.Create(StoredStream.Id, "Forged", "{}"u8.ToArray()) with { Version = at + 1 },
            StoredStream.HeadOf(valid[..at]));
        var behind = valid[at..].Select(envelope => envelope with { Version = envelope.Version + 1 });
        return [.. valid[..at], forged, .. behind];
    }

    private ReadOnlyMemory<byte> Flipped(ReadOnlyMemory<byte> bytes)
    {
        var flipped = bytes.ToArray();
        flipped[Chance / 8 % flipped.Length] ^= (byte)(1 << (Chance % 8));
        return flipped;
    }

    private Guid Flipped(Guid id) => new(Flipped(id.ToByteArray().AsMemory()).Span);

    private Sha256Digest Flipped(Sha256Digest digest) => new(Flipped(digest.ToArray().AsMemory()).Span);
}
