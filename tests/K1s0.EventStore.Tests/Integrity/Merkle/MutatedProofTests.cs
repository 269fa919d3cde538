using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Whatever is changed about a proof, it no longer holds, and nothing is thrown.</summary>
public sealed class MutatedProofTests
{
    private const int MaxSize = 18;

    private static readonly byte[][] Entries = ReferenceTree.Entries(MaxSize);

    private static readonly Sha256Digest[] Roots =
        [.. Enumerable.Range(0, MaxSize + 1).Select(size => new Sha256Digest(ReferenceTree.Root(Entries[..size])))];

    private static readonly Sha256Digest[] Leaves = [.. Entries.Select(entry => MerkleHash.Leaf(entry))];

    [Fact]
    public void An_inclusion_proof_with_any_change_fails()
    {
        var tried = 0;
        for (var size = 1; size <= MaxSize; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var path = ReferenceTree.Digests(ReferenceTree.Inclusion(index, Entries[..size]));
                foreach (var mutated in Mutations(path))
                {
                    InclusionProof.Verify(Leaves[index], index, size, mutated, Roots[size]).Should().BeFalse();
                    tried++;
                }

                foreach (var bit in Bits(Leaves[index]))
                {
                    InclusionProof.Verify(bit, index, size, path, Roots[size]).Should().BeFalse();
                }

                foreach (var bit in Bits(Roots[size]))
                {
                    InclusionProof.Verify(Leaves[index], index, size, path, bit).Should().BeFalse();
                }
            }
        }

        tried.Should().BeGreaterThan(100_000);
    }

    [Fact]
    public void An_inclusion_proof_holds_at_its_own_index_and_against_the_head_of_its_own_size_only()
    {
        for (var size = 1; size <= MaxSize; size++)
        {
            for (var index = 0; index < size; index++)
            {
                var path = ReferenceTree.Digests(ReferenceTree.Inclusion(index, Entries[..size]));
                for (var otherSize = -1; otherSize <= MaxSize; otherSize++)
                {
                    for (var other = -1; other <= MaxSize; other++)
                    {
                        var root = Roots[Math.Max(otherSize, 0)];
                        InclusionProof.Verify(Leaves[index], other, otherSize, path, root)
                            .Should().Be((other, otherSize) == (index, size));
                    }
                }

                foreach (var far in (long[])[long.MinValue, long.MaxValue, 1L << 62])
                {
                    InclusionProof.Verify(Leaves[index], far, size, path, Roots[size]).Should().BeFalse();
                    InclusionProof.Verify(Leaves[index], index, far, path, Roots[size]).Should().BeFalse();
                }
            }
        }
    }

    [Fact]
    public void A_consistency_proof_with_any_change_fails()
    {
        var tried = 0;
        for (var second = 1; second <= MaxSize; second++)
        {
            for (var first = 0; first <= second; first++)
            {
                var path = ReferenceTree.Digests(ReferenceTree.Consistency(first, Entries[..second]));
                foreach (var mutated in Mutations(path))
                {
                    ConsistencyProof.Verify(first, Roots[first], second, Roots[second], mutated).Should().BeFalse();
                    tried++;
                }

                foreach (var bit in Bits(Roots[first]))
                {
                    ConsistencyProof.Verify(first, bit, second, Roots[second], path).Should().BeFalse();
                }

                // Every tree is consistent with the empty one, so there the second root is no part of the claim.
                foreach (var bit in first == 0 ? [] : Bits(Roots[second]))
                {
                    ConsistencyProof.Verify(first, Roots[first], second, bit, path).Should().BeFalse();
                }
            }
        }

        tried.Should().BeGreaterThan(50_000);
    }

    [Fact]
    public void A_consistency_proof_holds_between_its_own_heads_only()
    {
        for (var second = 1; second <= MaxSize; second++)
        {
            for (var first = 1; first < second; first++)
            {
                var path = ReferenceTree.Digests(ReferenceTree.Consistency(first, Entries[..second]));
                for (var otherSecond = 0; otherSecond <= MaxSize; otherSecond++)
                {
                    for (var otherFirst = 0; otherFirst <= MaxSize; otherFirst++)
                    {
                        ConsistencyProof.Verify(otherFirst, Roots[otherFirst], otherSecond, Roots[otherSecond], path)
                            .Should().Be((otherFirst, otherSecond) == (first, second));
                    }
                }

                ConsistencyProof.Verify(-1, Roots[first], second, Roots[second], path).Should().BeFalse();
                ConsistencyProof.Verify(first, Roots[first], -1, Roots[second], path).Should().BeFalse();
                ConsistencyProof.Verify(first, Roots[first], long.MaxValue, Roots[second], path).Should().BeFalse();
            }
        }
    }

    [Fact]
    public void A_subtree_proof_with_any_change_to_proof_leaves_or_place_fails()
    {
        const int Size = 13;
        for (var start = 0; start < Size; start++)
        {
            for (var end = start + 1; end <= Size; end++)
            {
                var proof = ReferenceTree.Digests(ReferenceTree.Outside(start, end, Entries[..Size]));
                foreach (var mutated in Mutations(proof))
                {
                    SubtreeProof.Verify(Run(start, end), Size, mutated, Roots[Size]).Should().BeFalse();
                }

                for (var changed = start; changed < end; changed++)
                {
                    SubtreeProof.Verify(Run(start, end, changed), Size, proof, Roots[Size]).Should().BeFalse();
                }

                for (var size = 0; size <= MaxSize; size++)
                {
                    SubtreeProof.Verify(Run(start, end), size, proof, Roots[size]).Should().Be(size == Size);
                }

                for (var otherStart = 0; otherStart < Size; otherStart++)
                {
                    for (var otherEnd = otherStart; otherEnd <= Size; otherEnd++)
                    {
                        SubtreeProof.Verify(Run(otherStart, otherEnd), Size, proof, Roots[Size])
                            .Should().Be((otherStart, otherEnd) == (start, end));
                    }
                }
            }
        }
    }

    [Fact]
    public void Nothing_is_proved_about_a_run_without_leaves() =>
        SubtreeProof.Verify(new MerkleRange(3), 5, [], Roots[5]).Should().BeFalse();

    private static MerkleRange Run(int start, int end, int changed = -1)
    {
        var run = new MerkleRange(start);
        for (var i = start; i < end; i++)
        {
            run.Append(i == changed ? MerkleHash.Leaf([1, 2, 3]) : Leaves[i]);
        }

        return run;
    }

    private static IEnumerable<Sha256Digest[]> Mutations(Sha256Digest[] path)
    {
        for (var at = 0; at < path.Length; at++)
        {
            foreach (var bit in Bits(path[at]))
            {
                yield return [.. path[..at], bit, .. path[(at + 1)..]];
            }

            yield return [.. path[..at], .. path[(at + 1)..]];
            yield return [.. path[..at], path[at], .. path[at..]];
            for (var other = at + 1; other < path.Length; other++)
            {
                var swapped = path.ToArray();
                (swapped[at], swapped[other]) = (swapped[other], swapped[at]);
                yield return swapped;
            }
        }

        yield return [.. path, MerkleHash.Empty];
        yield return [MerkleHash.Empty, .. path];
        yield return [.. path, .. Enumerable.Repeat(MerkleHash.Empty, 100)];
    }

    private static IEnumerable<Sha256Digest> Bits(Sha256Digest digest)
    {
        for (var bit = 0; bit < Sha256Digest.Length * 8; bit++)
        {
            var bytes = digest.ToArray();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            yield return new Sha256Digest(bytes);
        }
    }
}
