using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>How a state becomes chunks and a manifest.</summary>
public sealed class SnapshotFormatTests(ITestOutputHelper output)
{
    private const int Entries = 10_000;

    [Fact]
    public void The_same_state_as_of_the_same_events_is_the_same_bytes_everywhere()
    {
        OriginHead[] heads = [SomeSnapshots.Head(3, 70), SomeSnapshots.Head(1, 5), SomeSnapshots.Head(2, 900)];

        var one = SomeSnapshots.Manifest(SomeSnapshots.State(Entries), heads);
        var other = SomeSnapshots.Manifest(SomeSnapshots.State(Entries), [heads[2], heads[0], heads[1]]);

        other.ToArray().Should().Equal(one.ToArray());
        one.EntryCount.Should().Be(Entries);
        one.Clock.Should().Be(VectorClock.Of([.. heads.Select(head => head.Last)]));
        one.Chunks.Should().HaveCountGreaterThan(10).And.OnlyHaveUniqueItems();
        output.WriteLine($"{one.Chunks.Count} chunks of {one.Chunks.Min(chunk => chunk.Length)} to {one.Chunks.Max(chunk => chunk.Length)} bytes, {one.Bytes} in all, a manifest of {one.ToArray().Length}");
    }

    [Fact]
    public void A_known_state_has_the_root_that_another_program_computed_from_the_layout_alone()
    {
        var state = Enumerable.Range(0, 3_000).Select(number =>
        {
            var key = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"article-{number:D8}");
            var digest = Sha256Digest.Of(Encoding.UTF8.GetBytes(key)).ToString();
            return KeyValuePair.Create(key, digest + digest + digest);
        });
        var (one, two, three) = (SomeSnapshots.Head(1, 5), SomeSnapshots.Head(2, 900), SomeSnapshots.Head(3, 70));
        two = two with { Context = VectorClock.Of(one.Last with { Sequence = 4 }, three.Last with { Sequence = 7 }) };

        var manifest = SomeSnapshots.Manifest(state, one, two, three);

        manifest.Root.ToString().Should().Be("d3bc1baec4b51b2356d84bcd334758dfa058cb66bd06469c32e8a1d55a2964ee");
    }

    [Fact]
    public void Another_value_another_event_and_another_name_are_another_root()
    {
        var state = SomeSnapshots.State(100);
        var heads = new[] { SomeSnapshots.Head(1, 5) };
        var changed = SomeSnapshots.State(100);
        changed[SomeSnapshots.Key(0)] = "{}";

        SnapshotManifest[] manifests =
        [
            SomeSnapshots.Manifest(state, heads),
            SomeSnapshots.Manifest(changed, heads),
            SomeSnapshots.Manifest(state, SomeSnapshots.Head(1, 6)),
            SomeSnapshots.Manifest(state, SomeSnapshots.Head(1, 5, version: 1)),
            SnapshotFormat.Create(new SnapshotHeader("other", 1, 100, heads), SomeSnapshots.Manifest(state, heads).Chunks),
            SnapshotFormat.Create(new SnapshotHeader(SomeSnapshots.Name, 2, 100, heads), SomeSnapshots.Manifest(state, heads).Chunks),
            SnapshotFormat.Create(new SnapshotHeader(SomeSnapshots.Name, 1, 99, heads), SomeSnapshots.Manifest(state, heads).Chunks),
        ];

        manifests.Select(manifest => manifest.Root).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void One_entry_of_ten_thousand_that_is_added_changed_or_removed_moves_few_chunks()
    {
        var random = SeededRandom.Create();
        var before = SomeSnapshots.Manifest(SomeSnapshots.State(Entries));
        var (most, bytes, trials) = (0, 0L, 0);
        foreach (var change in new[] { "add", "change", "remove" })
        {
            for (var i = 0; i < 25; i++)
            {
                var state = SomeSnapshots.State(Entries);
                var at = random.Next(Entries);
                _ = change switch
                {
                    "add" => state.TryAdd(SomeSnapshots.Key((2 * at) + 1), SomeSnapshots.Value(random)),
                    "change" => (state[SomeSnapshots.Key(2 * at)] = SomeSnapshots.Value(random)) is not null,
                    _ => state.Remove(SomeSnapshots.Key(2 * at)),
                };
                var known = before.Chunks.ToHashSet();
                var moved = SomeSnapshots.Manifest(state).Chunks.Where(chunk => !known.Contains(chunk)).ToArray();
                (most, bytes, trials) = (Math.Max(most, moved.Length), bytes + moved.Sum(chunk => chunk.Length), trials + 1);
                moved.Should().NotBeEmpty();
            }
        }

        output.WriteLine($"{before.Chunks.Count} chunks, {before.Bytes} bytes; one change moves {bytes / trials} bytes on average, at most {most} chunks");
        most.Should().BeLessThanOrEqualTo(4);
        (bytes / trials).Should().BeLessThan(before.Bytes / 4);
    }

    [Fact]
    public void What_is_cut_is_read_again_whatever_the_sizes_are()
    {
        var random = SeededRandom.Create();
        for (var run = 0; run < 40; run++)
        {
            var entries = new List<SnapshotEntry>();
            for (var i = 0; i < random.Next(1, 400); i++)
            {
                var value = new byte[random.Next(20) == 0 ? random.Next(400_000) : random.Next(2_000)];
                random.NextBytes(value);
                entries.Add(new SnapshotEntry(Encoding.UTF8.GetBytes(SomeSnapshots.Key(i)), value));
            }

            var (read, before) = (new List<SnapshotEntry>(), ReadOnlyMemory<byte>.Empty);
            foreach (var content in ChunkFormat.Cut(entries))
            {
                content.Length.Should().BeLessThanOrEqualTo(SnapshotLimits.MaxChunkBytes);
                var some = ChunkFormat.Read(content, before, out var problem);
                problem.Should().BeNull();
                (content.Length <= ChunkFormat.MostBytes || some.Count == 1).Should().BeTrue();
                read.AddRange(some);
                before = some[^1].Key;
            }

            read.Should().HaveCount(entries.Count);
            read.Zip(entries).All(pair => pair.First.Key.Span.SequenceEqual(pair.Second.Key.Span)
                && pair.First.Value.Span.SequenceEqual(pair.Second.Value.Span)).Should().BeTrue();
        }
    }

    [Fact]
    public void A_manifest_is_read_as_it_was_written()
    {
        var (one, two, three) = (SomeSnapshots.Head(1, 5), SomeSnapshots.Head(2, 8), SomeSnapshots.Head(3, 100_000));
        two = two with { Context = VectorClock.Of(new Dot(one.Last.Origin, 4), new Dot(three.Last.Origin, 7)) };
        three = three with { Context = VectorClock.Of(two.Last) };
        var manifest = SomeSnapshots.Manifest(SomeSnapshots.State(3_000), three, one, two);

        var read = SnapshotManifest.Decode(manifest.ToArray());

        read.Heads.Should().Equal([one, two, three]);
        read.Chunks.Should().Equal(manifest.Chunks);
        (read.Name, read.SchemaVersion, read.EntryCount, read.Root, read.Bytes, read.Clock).Should().Be(
            (manifest.Name, manifest.SchemaVersion, manifest.EntryCount, manifest.Root, manifest.Bytes, manifest.Clock));
        read.ToArray().Should().Equal(manifest.ToArray());
    }

    [Fact]
    public void A_state_without_entries_has_a_manifest_too()
    {
        var manifest = SomeSnapshots.Manifest([]);

        SnapshotManifest.Decode(manifest.ToArray()).Root.Should().Be(manifest.Root);
        manifest.Chunks.Should().BeEmpty();
    }

    [Fact]
    public void Entries_that_do_not_ascend_or_are_too_large_are_refused()
    {
        byte[] key = [1], large = new byte[SnapshotLimits.MaxKeyBytes + 1];
        SnapshotEntry[][] wrong =
        [
            [new(default, key)],
            [new(key, key), new(key, key)],
            [new(new byte[] { 2 }, key), new(key, key)],
            [new(large, key)],
            [new(key, new byte[SnapshotLimits.MaxValueBytes + 1])],
        ];

        foreach (var entries in wrong)
        {
            FluentActions.Invoking(() => ChunkFormat.Cut(entries).Count()).Should().Throw<ArgumentException>();
        }

        ChunkFormat.Cut([new(new byte[SnapshotLimits.MaxKeyBytes], new byte[SnapshotLimits.MaxValueBytes])])
            .Single().Length.Should().BeLessThanOrEqualTo(SnapshotLimits.MaxChunkBytes);
    }

    [Fact]
    public void A_state_that_is_too_large_and_a_frontier_with_a_gap_are_refused()
    {
        var many = Enumerable.Range(0, SnapshotLimits.MaxChunks + 1)
            .Select(number => new SnapshotChunk(Sha256Digest.Of(BitConverter.GetBytes(number)), 1)).ToArray();
        var lacking = SomeSnapshots.Head(1, 5) with { Context = VectorClock.Of(new Dot(Some.Origin(2), 1)) };

        FluentActions.Invoking(() => SnapshotFormat.Create(new SnapshotHeader("a", 1, 1, []), many)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => SnapshotFormat.Create(new SnapshotHeader("a", 1, 1, [lacking]), [])).Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData(512, null)]
    [InlineData(513, "513 origins of the frontier have seen 262656 ends")]
    public void More_origins_that_have_all_seen_each_other_than_fit_are_refused_with_that_reason(int origins, string? problem)
    {
        var ends = Enumerable.Range(1, origins).Select(number => new Dot(Some.Origin(number), 9)).ToArray();
        var heads = ends.Select(end => SomeSnapshots.Head(1, 9) with
        {
            Last = end,
            Context = VectorClock.Of([.. ends.Where(other => other != end)]),
        }).ToArray();

        var act = () => SnapshotFormat.Create(new SnapshotHeader("a", 1, 1, heads), []);

        if (problem is null)
        {
            SnapshotManifest.Decode(act().ToArray()).Heads.Should().HaveCount(origins);
        }
        else
        {
            act.Should().Throw<ArgumentException>().WithMessage($"*{problem}*");
        }
    }
}
