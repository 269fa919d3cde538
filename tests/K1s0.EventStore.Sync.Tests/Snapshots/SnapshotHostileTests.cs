using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>Every decoder of snapshots meets anything: a typed outcome, bounded memory, and nothing visible.</summary>
public sealed class SnapshotHostileTests
{
    private const int Count = 100_000;

    private readonly Random _random = SeededRandom.Create();

    [Fact]
    public void A_manifest_that_is_cut_anywhere_is_refused()
    {
        var whole = Manifest().ToArray();
        for (var length = 0; length < whole.Length; length++)
        {
            FluentActions.Invoking(() => SnapshotManifest.Decode(whole.AsSpan(0, length))).Should().Throw<InvalidFormatException>();
        }

        byte[] longer = [.. whole, 0];
        FluentActions.Invoking(() => SnapshotManifest.Decode(longer)).Should().Throw<InvalidFormatException>();
    }

    [Fact]
    public void A_hundred_thousand_damaged_manifests_are_refused()
    {
        var whole = Manifest().ToArray();
        var refused = Mutations.CountRefused(Count, _random, mutator =>
        {
            var damaged = mutator.Damage(whole);
            try
            {
                SnapshotManifest.Decode(damaged.Span);
                throw new InvalidOperationException($"a damaged manifest was read: {Convert.ToHexString(damaged.Span)}");
            }
            catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
            {
                return true;
            }
        });

        refused.Should().Be(Count);
    }

    [Fact]
    public void Lying_counts_in_a_manifest_make_no_room()
    {
        foreach (var at in new[] { "heads", "context", "chunks", "name" })
        {
            using var writer = new WireWriter();
            writer.Byte(1);
            if (at is "name")
            {
                writer.Integer(ulong.MaxValue);
            }
            else
            {
                writer.Text("a");
                writer.Integer(1);
                writer.Integer(ulong.MaxValue / 4);
                writer.Integer(at is "heads" ? 16_384UL : at is "context" ? 1UL : 0UL);
                if (at is "context")
                {
                    writer.Dot(new Dot(Some.Origin(1), 1));
                    writer.Digest(Sha256Digest.Of([]));
                    writer.Integer(1);
                    writer.Integer(1);
                }

                writer.Integer(32_768);
            }

            var bytes = writer.Written.ToArray();
            var before = GC.GetAllocatedBytesForCurrentThread();

            FluentActions.Invoking(() => SnapshotManifest.Decode(bytes)).Should().Throw<InvalidFormatException>(at);

            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(200_000, at);
        }
    }

    [Fact]
    public void Chunks_that_are_cut_or_damaged_are_refused_or_entries_in_order()
    {
        var whole = ChunkFormat.Cut(SomeSnapshots.Entries(SomeSnapshots.State(20))).Single();
        for (var length = 0; length < whole.Length; length++)
        {
            var some = ChunkFormat.Read(whole.AsMemory(0, length), default, out var problem);
            (problem is null ? some.Count : 20).Should().BeInRange(1, 20, "it ends between entries or is refused");
            (problem is null || some.Count == 0).Should().BeTrue();
        }

        var refused = Mutations.CountRefused(Count, _random, mutator =>
        {
            var entries = ChunkFormat.Read(mutator.Damage(whole), default, out var problem);
            for (var i = 1; i < entries.Count; i++)
            {
                Assert.True(entries[i - 1].Key.Span.SequenceCompareTo(entries[i].Key.Span) < 0, "keys ascend");
            }

            return problem is not null;
        });

        refused.Should().BeGreaterThan(Count / 100);
        ChunkFormat.Read(whole, new byte[] { 255 }, out var order);
        order.Should().NotBeNull("the chunk before ended with a later key");
    }

    [Fact]
    public void A_hundred_thousand_damaged_frames_of_each_type_break_the_reader_or_are_read()
    {
        foreach (var (type, whole) in Frames())
        {
            for (var length = 0; length < whole.Length; length++)
            {
                Read(type, whole.AsSpan(0, length)).Should().BeFalse($"frame {type} is cut at {length}");
            }

            Read(type, whole).Should().BeTrue();
            Read(type, [.. whole, 0]).Should().BeFalse($"something follows frame {type}");
            var refused = Mutations.CountRefused(Count, _random, mutator => !Read(type, mutator.Damage(whole).Span));
            (refused > 0).Should().Be(type != FrameType.SnapshotGone, "any root may be gone");
        }
    }

    [Fact]
    public void A_chunk_that_claims_to_unpack_to_much_makes_no_room_for_it()
    {
        var codec = Compression.CompressionCodecs.OfSystem.Preferred;
        var bomb = Compression.CompressionCodecExtensions.Compress(codec, new byte[64 * 1024 * 1024]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var reader = new WireReader([(byte)codec.Format, .. bomb]);
        var content = SnapshotFrames.ReadContent(ref reader, new SnapshotChunk(default, 1_000));

        content.Should().BeNull();
        reader.IsBroken.Should().BeTrue();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(200_000);
    }

    [Fact]
    public void A_chunk_of_other_bytes_is_not_taken()
    {
        byte[] content = [1, 2, 3];
        var chunk = new SnapshotChunk(MerkleHash.Leaf(content), content.Length);
        foreach (var wrong in new byte[][] { [1, 2, 4], [1, 2], [1, 2, 3, 4], [] })
        {
            var reader = new WireReader([0, .. wrong]);
            SnapshotFrames.ReadContent(ref reader, chunk).Should().BeNull();
            reader.IsBroken.Should().BeTrue();
        }

        var good = new WireReader([0, .. content]);
        SnapshotFrames.ReadContent(ref good, chunk).Should().Equal(content);
    }

    [Fact]
    public async Task Whatever_is_changed_on_the_way_to_a_taker_nothing_false_is_ever_installed()
    {
        var state = SomeSnapshots.State(1_200);
        var (given, damaged) = (new InMemorySnapshotChunkStore(), 0);
        await SomeSnapshots.PublishAsync(given, state, SomeSnapshots.Head(1, 5));
        for (var i = 0; i < 400; i++)
        {
            var taken = new InMemorySnapshotChunkStore();
            var pair = new SnapshotPair(taken, given);
            var at = _random.Next(3, 9);
            pair.OnTheWay = (number, frame) => [number == at ? Damaged(frame) : frame];
            await pair.RunAsync();
            if (pair.Taker.End is { Reason: not SyncEndReason.Completed } || pair.Giver.End is not null || pair.Taker.End is null)
            {
                damaged++;
                (pair.Taker.End ?? pair.Giver.End)?.Reason.Should().Be(SyncEndReason.ProtocolBroken);
                (await SomeSnapshots.ReadAsync(taken)).Should().BeNull();
            }
            else if (pair.Taker.Report.IsInstalled)
            {
                (await SomeSnapshots.ReadAsync(taken)).Should().Equal(state);
            }
        }

        damaged.Should().BeGreaterThan(100);
    }

    [Fact]
    public async Task Frames_that_nobody_asked_for_end_the_session()
    {
        var given = new InMemorySnapshotChunkStore();
        var (manifest, _) = await SomeSnapshots.PublishAsync(given, SomeSnapshots.State(1_200), SomeSnapshots.Head(1, 5));
        byte[][] toTaker =
        [
            Frame(frame => SnapshotFrames.WriteChunk(frame, 900, [1, 2], new NoCompression())),
            Frame(frame => SnapshotFrames.WriteGone(frame, default)),
            Frame(frame => SnapshotFrames.WriteNone(frame, SnapshotFrames.SameRoot)),
            [FrameType.Digest],
            [200],
        ];
        foreach (var wrong in toTaker)
        {
            var pair = new SnapshotPair(new InMemorySnapshotChunkStore(), given);
            pair.OnTheWay = (number, frame) => frame[0] == FrameType.SnapshotChunk ? [wrong] : [frame];
            await pair.RunAsync();
            pair.Taker.End!.Reason.Should().Be(SyncEndReason.ProtocolBroken, $"frame {wrong[0]} came");
            pair.Taker.Report.End.Should().Be(SnapshotEnd.Cut);
        }

        byte[][] toGiver =
        [
            Frame(frame => SnapshotFrames.WritePull(frame, default, [0])),
            Frame(frame => SnapshotFrames.WritePull(frame, manifest.Root, [manifest.Chunks.Count])),
            [FrameType.Digest],
            [FrameType.SnapshotOffer],
        ];
        foreach (var wrong in toGiver)
        {
            var pair = new SnapshotPair(new InMemorySnapshotChunkStore(), given);
            pair.OnTheWay = (number, frame) => frame[0] == FrameType.SnapshotPull ? [wrong] : [frame];
            await pair.RunAsync();
            pair.Giver.End!.Reason.Should().Be(SyncEndReason.ProtocolBroken, $"frame {wrong[0]} came");
        }
    }

    [Fact]
    public async Task A_taker_that_pulls_or_asks_for_ever_is_cut_off()
    {
        var given = new InMemorySnapshotChunkStore();
        var (manifest, _) = await SomeSnapshots.PublishAsync(given, SomeSnapshots.State(1_200), SomeSnapshots.Head(1, 5));
        var want = Frame(frame => SnapshotFrames.WriteWant(frame, new SnapshotRequest(SomeSnapshots.Name, 1, 1), default));
        var pull = Frame(frame => SnapshotFrames.WritePull(frame, manifest.Root, [0, 1]));
        foreach (var repeated in new[] { want, pull })
        {
            var pair = new SnapshotPair(new InMemorySnapshotChunkStore(), given);
            pair.OnTheWay = (_, frame) => frame[0] == FrameType.SnapshotChunk ? [] : [frame];
            await pair.RunAsync();
            for (var i = 0; i < 2_000 && pair.Giver.End is null; i++)
            {
                await pair.Giver.StepAsync(new SyncInput.Received(repeated));
            }

            pair.Giver.End!.Reason.Should().Be(SyncEndReason.Flooded);
        }
    }

    [Fact]
    public async Task A_snapshot_whose_chunks_are_no_state_is_not_installed()
    {
        // By digest all is well: the peer has built it wrong.
        byte[][][] wrong =
        [
            [[9, 9, 9]],
            [Chunk("b"), Chunk("a")],
            [Chunk("a"), [.. Chunk("a"), .. Chunk("b")]],
            [Chunk("a"), Chunk("b"), Chunk("c")],
        ];
        foreach (var contents in wrong)
        {
            var (given, taken) = (new InMemorySnapshotChunkStore(), new InMemorySnapshotChunkStore());
            var chunks = contents.Select(content => new SnapshotChunk(MerkleHash.Leaf(content), content.Length)).ToArray();
            var manifest = SnapshotFormat.Create(new SnapshotHeader(SomeSnapshots.Name, 1, 2, [SomeSnapshots.Head(1, 1)]), chunks);
            for (var i = 0; i < chunks.Length; i++)
            {
                await given.WriteChunkAsync(SomeSnapshots.Name, chunks[i], contents[i]);
            }

            await given.InstallAsync(SomeSnapshots.Name, manifest.ToArray());

            var pair = await new SnapshotPair(taken, given).RunAsync();

            pair.Taker.Report.End.Should().Be(SnapshotEnd.Malformed);
            (await taken.ReadInstalledAsync(SomeSnapshots.Name)).Should().BeNull();
        }

        static byte[] Chunk(string key) => ChunkFormat.Cut([new SnapshotEntry(System.Text.Encoding.UTF8.GetBytes(key), new byte[] { 1 })]).Single();
    }

    [Fact]
    public void A_manifest_that_does_not_add_up_to_its_root_is_refused()
    {
        // Everything else about it is right: the number of entries, a digest, the root itself.
        var manifest = Manifest();
        var bytes = manifest.ToArray();
        var digests = bytes.Length - ((manifest.Chunks.Count + 1) * Sha256Digest.Length);
        foreach (var at in new[] { 8, digests, bytes.Length - 1 })
        {
            var wrong = bytes.ToArray();
            wrong[at] ^= 1;
            FluentActions.Invoking(() => SnapshotManifest.Decode(wrong)).Should().Throw<InvalidFormatException>()
                .Which.Detail.Should().Contain("root");
        }
    }

    private static SnapshotManifest Manifest()
    {
        var (one, two) = (SomeSnapshots.Head(1, 500), SomeSnapshots.Head(2, 8));
        return SomeSnapshots.Manifest(
            SomeSnapshots.State(2_000), one with { Context = VectorClock.Of(two.Last) }, two with { Context = VectorClock.Of(one.Last) });
    }

    private static byte[] Frame(Action<WireWriter> write)
    {
        using var frame = new WireWriter();
        write(frame);
        return frame.Written.ToArray();
    }

    // Each without its type.
    private static List<(byte Type, byte[] Body)> Frames()
    {
        var root = Sha256Digest.Of([1]);
        List<byte[]> frames =
        [
            Frame(frame => SnapshotFrames.WriteWant(frame, new SnapshotRequest("stock", 7, 1), root)),
            Frame(frame => SnapshotFrames.WriteNone(frame, 2)),
            Frame(frame => SnapshotFrames.WritePull(frame, root, [0, 3, 300, 32_767])),
            Frame(frame => SnapshotFrames.WriteGone(frame, root)),
        ];
        return [.. frames.Select(frame => (frame[0], frame[1..]))];
    }

    private static bool Read(byte type, ReadOnlySpan<byte> rest)
    {
        var reader = new WireReader(rest);
        switch (type)
        {
            case FrameType.SnapshotWant:
                var (name, schemaVersion, _) = SnapshotFrames.ReadWant(ref reader);
                Assert.True(reader.IsBroken || (SnapshotLimits.IsName(name) && schemaVersion > 0), "a name and a version");
                break;
            case FrameType.SnapshotNone:
                SnapshotFrames.ReadNone(ref reader);
                break;
            case FrameType.SnapshotPull:
                var (_, places) = SnapshotFrames.ReadPull(ref reader);
                Assert.True(reader.IsBroken || places is [>= 0, ..], "places from 0 on");
                break;
            default:
                SnapshotFrames.ReadGone(ref reader);
                break;
        }

        return !reader.IsBroken;
    }

    private byte[] Damaged(byte[] whole)
    {
        var damaged = whole.ToArray();
        do
        {
            damaged[_random.Next(damaged.Length)] ^= (byte)_random.Next(1, 256);
        }
        while (_random.Next(2) == 0 || damaged.AsSpan().SequenceEqual(whole));

        return damaged;
    }
}
