using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class MerkleTreeTests
{
    // The entries and roots that implementations of Certificate Transparency test each other with.
    private static readonly string[] Entries =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] Roots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Roots_of_the_well_known_entries()
    {
        var tree = new MerkleTree();
        for (var size = 0; size <= Entries.Length; size++)
        {
            (tree.Size, tree.Root.ToString()).Should().Be((size, Roots[size]));
            if (size < Entries.Length)
            {
                tree.Append(MerkleHash.Leaf(Convert.FromHexString(Entries[size])));
            }
        }
    }

    [Fact]
    public void At_every_size_the_root_is_that_of_the_definition_also_after_the_state_went_elsewhere()
    {
        var entries = ReferenceTree.Entries(300);
        var (tree, wandering) = (new MerkleTree(), new MerkleTree());
        for (var size = 0; size < entries.Length; size++)
        {
            tree.Append(MerkleHash.Leaf(entries[size]));
            wandering = MerkleTree.FromState(wandering.ToState());
            wandering.Append(MerkleHash.Leaf(entries[size]));

            tree.Root.ToArray().Should().Equal(ReferenceTree.Root(entries[..(size + 1)]));
            (wandering.Size, wandering.Root).Should().Be((tree.Size, tree.Root));
        }
    }

    [Fact]
    public void The_state_grows_with_the_logarithm_of_the_size()
    {
        var tree = new MerkleTree();
        for (var i = 0; i < 70_000; i++)
        {
            tree.Append(MerkleHash.Empty);
        }

        tree.ToState().Should().HaveCount(1 + 8 + (32 * 6), "70,000 has six bits");
    }

    [Fact]
    public void A_full_tree_is_refused_another_leaf_and_stays_as_it_is()
    {
        var state = new byte[1 + 8 + (63 * 32)];
        state[0] = 1;
        state.AsSpan(1, 8).Fill(0xFF);
        state[1] = 0x7F;
        var tree = MerkleTree.FromState(state);
        var root = tree.Root;

        Assert.Throws<OverflowException>(() => tree.Append(MerkleHash.Empty));

        (tree.Size, tree.Root).Should().Be((long.MaxValue, root));
        tree.ToState().Should().Equal(state);
    }

    [Fact]
    public void A_state_of_another_version_is_not_called_damaged()
    {
        var error = Assert.Throws<UnsupportedFormatException>(() => MerkleTree.FromState([2, 0, 0]));

        (error.FoundVersion, error.SupportedVersion).Should().Be((2, 1));
    }

    [Fact]
    public void A_state_whose_length_does_not_fit_is_refused()
    {
        var tree = new MerkleTree();
        tree.Append(MerkleHash.Empty);
        var state = tree.ToState();

        for (var length = 0; length < state.Length; length++)
        {
            Assert.Throws<InvalidFormatException>(() => MerkleTree.FromState(state.AsSpan(0, length)));
        }

        Assert.Throws<InvalidFormatException>(() => MerkleTree.FromState([.. state, 0]));
        Assert.Throws<InvalidFormatException>(() => MerkleTree.FromState([1, 0xFF, .. state.AsSpan(2)]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData(65_535)]
    public void A_leaf_of_any_length_is_hashed_with_its_prefix(int length)
    {
        var entry = new byte[length];
        Array.Fill(entry, (byte)9);

        MerkleHash.Leaf(entry).ToArray().Should().Equal(ReferenceTree.Root([entry]));
    }
}
