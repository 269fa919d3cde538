using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Published formats give published answers, which another program computed.</summary>
public sealed class LedgerVectorTests
{
    private static readonly LedgerVectors Vectors = LedgerVectors.Instance;

    private static readonly VerifierKey[] Keys = [.. Vectors.Keys.Select(key => VerifierKey.Parse(key.Text))];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_file_is_the_one_of_version_1() =>
        (Vectors.Format, Vectors.Trees.Count, Vectors.Inclusion.Count, Vectors.Proofs.Count)
            .Should().Be(("k1s0 ledger vectors, version 1", 17, 8, 4));

    [Fact]
    public async Task Roots_paths_and_tiles()
    {
        var (tiles, builder) = (new MemoryTiles(), new TileBuilder());
        foreach (var tree in Vectors.Trees)
        {
            Grow(builder, tree.Size);
            builder.Root.ToString().Should().Be(tree.Root);
            tiles.Write(builder.TakeTiles());
        }

        foreach (var vector in Vectors.Inclusion)
        {
            Hex(await InclusionProof.CreateAsync(tiles, vector.Index, vector.Size, Cancellation))
                .Should().Equal(vector.Path);
        }

        foreach (var vector in Vectors.Consistency)
        {
            Hex(await ConsistencyProof.CreateAsync(tiles, vector.First, vector.Second, Cancellation))
                .Should().Equal(vector.Path);
        }

        foreach (var vector in Vectors.Subtrees)
        {
            Hex(await SubtreeProof.CreateAsync(tiles, vector.Start, vector.End, vector.Size, Cancellation))
                .Should().Equal(vector.Proof);
        }
    }

    [Fact]
    public void Tiles_of_a_growing_log()
    {
        foreach (var step in Vectors.Growth)
        {
            MerkleTile.Between(step.From, step.To).Select(tile => tile.Path).Should().Equal(step.Tiles);
        }

        var builder = new TileBuilder();
        Grow(builder, 69_000);
        builder.TakeTiles();
        Grow(builder, 70_000);
        builder.TakeTiles().ToDictionary(
            content => content.Tile.Path, content => Sha256Digest.Of(content.Bytes.Span).ToString(), StringComparer.Ordinal)
            .Should().BeEquivalentTo(Vectors.Tiles.ToDictionary(
                tile => tile.Path, tile => tile.Sha256, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Keys_and_signed_tree_heads()
    {
        using var oldSigner = PemTreeHeadSigner.Create(Vectors.Keys[0].Name, Vectors.Keys[0].Pem);
        using var newSigner = PemTreeHeadSigner.Create(Vectors.Keys[1].Name, Vectors.Keys[1].Pem);
        ITreeHeadSigner[][] signers = [[oldSigner], [oldSigner, newSigner], [newSigner]];
        foreach (var (i, checkpoint) in Vectors.Checkpoints.Index())
        {
            var note = SignedNote.Parse(System.Text.Encoding.UTF8.GetBytes(checkpoint));

            TreeHead.TryOpen(note, Vectors.Origin, Keys, out var head).Should().BeTrue();
            head!.Root.ToString().Should().Be(Vectors.Trees.Single(tree => tree.Size == head.Size).Root);
            (await head.SignAsync(signers[i], Cancellation)).ToString().Should().Be(checkpoint);
        }

        signers[1].Select(signer => signer.Key.ToString()).Should().Equal(Vectors.Keys.Select(key => key.Text));
    }

    [Fact]
    public void Leaf_records_and_proofs_of_events()
    {
        foreach (var vector in Vectors.Proofs)
        {
            var proof = EventProof.Parse(System.Text.Encoding.UTF8.GetBytes(vector.Proof));

            proof.Record.ToArray().Should().Equal(Convert.FromHexString(vector.LeafRecord));
            proof.Record.LeafHash().ToString().Should().Be(vector.LeafHash);
            proof.PreviousLink.ToString().Should().Be(vector.PreviousLink);
            proof.Verify(vector.Envelope, Vectors.Origin, [Keys[0]]).Should().Be(EventProofVerdict.Valid);
            proof.Verify(vector.Envelope, Vectors.Origin, Keys).Should().Be(EventProofVerdict.Valid);
            proof.Proof.Verify(proof.Record.LeafHash(), Vectors.Origin, Keys).Should().BeTrue();
            new EventProof(
                proof.Record, proof.PreviousLink, proof.Proof.Index, proof.Proof.Path, proof.Proof.Checkpoint)
                .Proof.ToString().Should().Be(vector.Proof);
        }
    }

    private static void Grow(TileBuilder builder, long size)
    {
        var entry = new byte[4];
        while (builder.Size < size)
        {
            BinaryPrimitives.WriteInt32BigEndian(entry, (int)builder.Size);
            builder.Append(MerkleHash.Leaf(entry));
        }
    }

    private static IEnumerable<string> Hex(Sha256Digest[] path) => path.Select(hash => hash.ToString());
}
