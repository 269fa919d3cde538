using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class MillionLeavesTests
{
    private const int Size = 1_000_000;
    private const int MaxBytes = 2_048;

    [Fact]
    public async Task The_proof_of_one_event_among_a_million_has_less_than_2_KB_also_while_keys_are_changed()
    {
        using var old = Signers.EcdsaP256(ProvedLog.Origin);
        using var key = Signers.Ed25519(ProvedLog.Origin, 9);
        var recordedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var envelope = StoredStream.Of(1)[0] with { RecordedAt = recordedAt };
        const int Index = 654_321;
        var (tiles, builder) = (new MemoryTiles(), new TileBuilder());
        var other = new byte[sizeof(int)];
        for (var i = 0; i < Size; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(other, i);
            builder.Append(i == Index ? LeafRecord.Of(envelope).LeafHash() : MerkleHash.Leaf(other));
        }

        tiles.Write(builder.TakeTiles());
        var checkpoint = await new TreeHead(ProvedLog.Origin, Size, builder.Root).SignAsync([old, key], TestContext.Current.CancellationToken);

        var path = await InclusionProof.CreateAsync(tiles, Index, Size, TestContext.Current.CancellationToken);
        var proof = new EventProof(
            LeafRecord.Of(envelope), StreamHead.Empty(envelope.StreamId).ChainHash, Index, path, checkpoint);

        proof.ToUtf8().Length.Should().BeLessThan(MaxBytes);
        tiles.Calls.Should().Be(1, "all tiles are read in one call");
        EventProof.Parse(proof.ToUtf8()).Verify(envelope, ProvedLog.Origin, [key.Key])
            .Should().Be(EventProofVerdict.Valid);
    }
}
