using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>A snapshot on its way: only what is missing, each chunk once, and never half.</summary>
public sealed class SnapshotTransferTests(ITestOutputHelper output)
{
    private readonly InMemorySnapshotChunkStore _given = new();
    private readonly InMemorySnapshotChunkStore _taken = new();

    [Fact]
    public async Task A_snapshot_arrives_as_it_was_published()
    {
        var state = SomeSnapshots.State(5_000);
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));

        var pair = await new SnapshotPair(_taken, _given, SessionSide.Options()).RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        pair.Taker.Report.ChunksReceived.Should().Be(manifest.Chunks.Count);
        pair.Taker.End!.Reason.Should().Be(SyncEndReason.Completed);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
        (await _taken.ReadInstalledAsync(SomeSnapshots.Name))!.Value.ToArray().Should().Equal(manifest.ToArray());
        output.WriteLine($"{manifest.Bytes} bytes of state: {pair.Taker.Report.BytesReceived} received, {pair.Taker.Report.BytesSent} sent");
    }

    [Fact]
    public async Task The_next_snapshot_moves_only_the_chunks_that_changed_and_the_unused_are_removed()
    {
        var state = SomeSnapshots.State(10_000);
        await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        var whole = (await new SnapshotPair(_taken, _given).RunAsync()).Taker.Report;
        state[SomeSnapshots.Key(6_000)] = "{}";
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 6));

        var pair = await new SnapshotPair(_taken, _given).RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        pair.Taker.Report.ChunksReceived.Should().BeInRange(1, 4);
        pair.Taker.Report.ChunksKept.Should().Be(manifest.Chunks.Count - pair.Taker.Report.ChunksReceived);
        pair.Taker.Report.BytesReceived.Should().BeLessThan(whole.BytesReceived / 3);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
        (await _taken.ReadDigestsAsync(SomeSnapshots.Name)).Should().BeEquivalentTo(manifest.Chunks.Select(chunk => chunk.Digest));
        output.WriteLine($"{whole.BytesReceived} bytes received for the whole, {pair.Taker.Report.BytesReceived} for one changed entry of 10,000");

        var again = await new SnapshotPair(_taken, _given).RunAsync();
        again.Taker.Report.End.Should().Be(SnapshotEnd.AlreadyInstalled);
        again.Taker.Report.BytesReceived.Should().BeLessThan(40);
    }

    [Fact]
    public async Task A_transfer_that_is_cut_at_any_frame_goes_on_and_moves_no_chunk_twice()
    {
        var (before, state) = (SomeSnapshots.State(3_000, seed: 1), SomeSnapshots.State(3_000));
        await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));

        // A small window, so that pulls and chunks take turns.
        var options = new SyncOptions { IsTransportAuthenticated = true, WindowBytes = 128 * 1024 };
        var frames = (await new SnapshotPair(new InMemorySnapshotChunkStore(), _given, options).RunAsync()).Count;
        frames.Should().BeGreaterThan(10);
        foreach (var hasOlder in new[] { false, true })
        {
            for (var cut = 0; cut <= frames; cut++)
            {
                var taken = new InMemorySnapshotChunkStore();
                if (hasOlder)
                {
                    await SomeSnapshots.PublishAsync(taken, before, SomeSnapshots.Head(1, 4));
                }

                var first = new SnapshotPair(taken, _given, options) { OnTheWay = (number, frame) => number < cut ? [frame] : [] };
                await first.RunAsync();
                await first.Taker.StepAsync(new SyncInput.Disconnected());
                var seen = await SomeSnapshots.ReadAsync(taken);
                if (cut < frames && !hasOlder)
                {
                    seen.Should().BeNull($"cut at frame {cut} of {frames}");
                }
                else
                {
                    seen.Should().Equal(cut < frames ? before : state, $"cut at frame {cut} of {frames}");
                }

                first.Taker.Report.ChunksReceived.Should().Be(first.ChunksArrived.Count);

                var second = await new SnapshotPair(taken, _given, options).RunAsync();

                second.ChunksArrived.Should().NotIntersectWith(first.ChunksArrived);
                second.Taker.Report.IsInstalled.Should().BeTrue();
                (await SomeSnapshots.ReadAsync(taken)).Should().Equal(state);
            }
        }
    }

    [Fact]
    public async Task What_is_on_the_way_keeps_to_the_window()
    {
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, SomeSnapshots.State(20_000), SomeSnapshots.Head(1, 5));
        var options = new SyncOptions { IsTransportAuthenticated = true, WindowBytes = 256 * 1024 };
        var pair = new SnapshotPair(_taken, _given, options);
        var (open, most) = (0L, 0L);
        pair.OnTheWay = (_, frame) =>
        {
            var reader = new WireReader(frame.AsSpan(1));
            if (frame[0] == FrameType.SnapshotPull)
            {
                open += SnapshotFrames.ReadPull(ref reader).Places.Sum(place => (long)manifest.Chunks[place].Length);
            }
            else if (frame[0] == FrameType.SnapshotChunk)
            {
                open -= manifest.Chunks[SnapshotFrames.ReadPlace(ref reader)].Length;
            }

            most = Math.Max(most, open);
            return [frame];
        };
        await pair.RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        most.Should().BeInRange(128 * 1024, 256 * 1024);
    }

    [Fact]
    public async Task A_snapshot_that_the_giver_replaces_meanwhile_is_asked_for_again_and_what_is_the_same_stays()
    {
        var state = SomeSnapshots.State(4_000);
        await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        var (changes, sequence, stored) = (0, 5L, new List<SnapshotChunk>());
        var pair = new SnapshotPair(_taken, _given, new SyncOptions { IsTransportAuthenticated = true, WindowBytes = 64 * 1024 });
        pair.Taker.BeforeWork = work =>
        {
            stored.AddRange(work is SnapshotWork.StoreChunk one ? [one.Chunk] : []);
            return Task.CompletedTask;
        };
        pair.Giver.BeforeWork = async work =>
        {
            // Twice, in the middle: at the beginning and at the end of the keys, so that chunks in the middle stay.
            if (work is SnapshotWork.ReadChunk && pair.Taker.Report.ChunksReceived == 2 * (changes + 1) && changes < 2)
            {
                changes++;
                state[SomeSnapshots.Key(0)] = $"{changes}";
                state[SomeSnapshots.Key(2 * 3_999)] = $"{changes}";
                await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, ++sequence));
            }
        };
        await pair.RunAsync();

        changes.Should().Be(2);
        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        pair.Taker.Report.Manifest!.Clock[Some.Origin(1)].Should().Be(7);
        pair.Taker.Report.ChunksKept.Should().BeGreaterThan(0);
        pair.Arrived.Should().Contain(one => one.Frame[0] == FrameType.SnapshotGone);
        stored.Should().OnlyHaveUniqueItems("what has come, or is of the old one only, is not asked for");
        pair.Taker.Report.ChunksReceived.Should().Be(stored.Count);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
        (await _taken.ReadDigestsAsync(SomeSnapshots.Name)).Should().HaveCount(pair.Taker.Report.Manifest!.Chunks.Count);
    }

    [Fact]
    public async Task A_giver_that_replaces_its_snapshot_for_ever_is_given_up()
    {
        var state = SomeSnapshots.State(1_000);
        var sequence = 5L;
        await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, sequence));
        var pair = new SnapshotPair(_taken, _given);
        pair.Giver.BeforeWork = async work =>
        {
            if (work is SnapshotWork.ReadChunk)
            {
                var other = SomeSnapshots.State(1_000, seed: (int)++sequence);
                await SomeSnapshots.PublishAsync(_given, other, SomeSnapshots.Head(1, sequence));
            }
        };
        await pair.RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.ChangedTooOften);
        (await _taken.ReadInstalledAsync(SomeSnapshots.Name)).Should().BeNull();
    }

    [Theory]
    [InlineData(SnapshotEnd.Older, 5, 0, 6, 0)]
    [InlineData(SnapshotEnd.Installed, 6, 0, 5, 0)]
    [InlineData(SnapshotEnd.Forked, 5, 1, 5, 0)]
    [InlineData(SnapshotEnd.Contradicting, 5, 0, 5, 0)]
    public async Task Only_what_has_everything_that_is_installed_takes_its_place(
        SnapshotEnd end, long offered, int offeredVersion, long installed, int installedVersion)
    {
        var mine = SomeSnapshots.State(1_000, seed: 1);
        await SomeSnapshots.PublishAsync(_taken, mine, SomeSnapshots.Head(1, installed, installedVersion), SomeSnapshots.Head(2, 1));
        var theirs = SomeSnapshots.State(1_000, seed: 2);
        await SomeSnapshots.PublishAsync(_given, theirs, SomeSnapshots.Head(1, offered, offeredVersion), SomeSnapshots.Head(2, 1));

        var pair = await new SnapshotPair(_taken, _given).RunAsync();

        pair.Taker.Report.End.Should().Be(end);
        pair.Taker.End!.Reason.Should().Be(SyncEndReason.Completed);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(end is SnapshotEnd.Installed ? theirs : mine);

        // The same when this node would publish it itself.
        var own = new InMemorySnapshotChunkStore();
        await SomeSnapshots.PublishAsync(own, mine, SomeSnapshots.Head(1, installed, installedVersion), SomeSnapshots.Head(2, 1));
        (await SomeSnapshots.PublishAsync(own, theirs, SomeSnapshots.Head(1, offered, offeredVersion), SomeSnapshots.Head(2, 1)))
            .End.Should().Be(end);
    }

    [Fact]
    public async Task A_snapshot_that_lacks_what_another_has_is_older_though_it_has_more_of_the_rest()
    {
        await SomeSnapshots.PublishAsync(_taken, SomeSnapshots.State(10), SomeSnapshots.Head(1, 5), SomeSnapshots.Head(2, 1));
        await SomeSnapshots.PublishAsync(_given, SomeSnapshots.State(20), SomeSnapshots.Head(1, 9));

        (await new SnapshotPair(_taken, _given).RunAsync()).Taker.Report.End.Should().Be(SnapshotEnd.Older);
    }

    [Fact]
    public async Task A_frontier_that_contradicts_the_logs_here_is_refused()
    {
        var replica = Some.NewReplica(9);
        var own = replica.Write(Some.Envelope());
        var forged = new OriginHead(own.Event.Dot, SomeSnapshots.Head(1, 1).Hash, own.Event.Time, VectorClock.Empty);
        await SomeSnapshots.PublishAsync(_given, SomeSnapshots.State(10), forged);

        var pair = new SnapshotPair(
            new SnapshotSide(SyncRole.Initiator, _taken, SnapshotPair.Open, takes: true, replica: replica),
            new SnapshotSide(SyncRole.Responder, _given, SnapshotPair.Open));
        await pair.RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.Forked);
    }

    [Fact]
    public async Task What_is_too_large_or_of_another_schema_or_not_there_is_not_taken()
    {
        var giver = new SnapshotSide(SyncRole.Responder, _given, SnapshotPair.Open);
        var none = await new SnapshotPair(new SnapshotSide(SyncRole.Initiator, _taken, SnapshotPair.Open, takes: true), giver).RunAsync();
        none.Taker.Report.End.Should().Be(SnapshotEnd.NothingGiven);

        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, SomeSnapshots.State(1_000), SomeSnapshots.Head(1, 5));
        giver = new SnapshotSide(SyncRole.Responder, _given, SnapshotPair.Open);
        var large = await new SnapshotPair(
            new SnapshotSide(SyncRole.Initiator, _taken, SnapshotPair.Open, takes: true, maxBytes: manifest.Bytes - 1), giver).RunAsync();
        large.Taker.Report.End.Should().Be(SnapshotEnd.TooLarge);
        large.ChunksArrived.Should().BeEmpty();

        var library = new SnapshotLibrary(_given);
        await library.PublishAsync(SomeSnapshots.Name, 2, [SomeSnapshots.Head(1, 5)], SomeSnapshots.Entries(SomeSnapshots.State(5)), CancellationToken.None);
        (await new SnapshotPair(_taken, _given).RunAsync()).Taker.Report.End.Should().Be(SnapshotEnd.OtherSchema);
        (await _taken.ReadDigestsAsync(SomeSnapshots.Name)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_peer_without_the_right_gets_nothing_and_none_is_taken_from_one_that_may_not_write()
    {
        await SomeSnapshots.PublishAsync(_given, SomeSnapshots.State(100), SomeSnapshots.Head(1, 5));
        var hides = new PeerRights { CanRead = _ => true };
        var refuses = new PeerRights { CanWrite = _ => true };

        (await EndAsync(giverRights: hides)).Should().Be(SnapshotEnd.NothingGiven);
        (await EndAsync(giverRights: PeerRights.None)).Should().Be(SnapshotEnd.NothingGiven);
        (await EndAsync(giverRights: new PeerRights { CanTakeSnapshot = _ => false })).Should().Be(SnapshotEnd.NothingGiven);
        (await EndAsync(takerRights: refuses)).Should().Be(SnapshotEnd.NotPermitted);
        (await EndAsync(takerRights: PeerRights.None)).Should().Be(SnapshotEnd.NotPermitted);
        (await _taken.ReadDigestsAsync(SomeSnapshots.Name)).Should().BeEmpty();
        (await EndAsync(
            new PeerRights { CanRead = _ => false, CanTakeSnapshot = name => name is SomeSnapshots.Name },
            new PeerRights { CanWrite = _ => false, CanBringSnapshot = _ => true })).Should().Be(SnapshotEnd.Installed);
    }

    [Fact]
    public async Task A_peer_that_moves_no_snapshots_is_refused_with_a_reason()
    {
        var pair = new SnapshotPair(
            new SnapshotSide(SyncRole.Initiator, _taken, SessionSide.Options(), takes: true),
            new SnapshotSide(SyncRole.Responder, _given, SessionSide.Options(), gives: false));
        await pair.RunAsync();

        pair.Taker.End!.Reason.Should().Be(SyncEndReason.SnapshotsNotGiven);
        pair.Giver.End.Should().BeNull("nothing was said that it does not know");
    }

    [Fact]
    public async Task Chunks_that_the_store_lost_or_changed_are_pulled_again_before_anything_is_installed()
    {
        var state = SomeSnapshots.State(2_000);
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        var pair = new SnapshotPair(_taken, _given);
        var harmed = false;
        pair.Taker.BeforeWork = async work =>
        {
            if (work is SnapshotWork.Install && !harmed)
            {
                harmed = true;
                await _taken.WriteChunkAsync(SomeSnapshots.Name, manifest.Chunks[0], new byte[manifest.Chunks[0].Length]);
                await _taken.RemoveChunksAsync(SomeSnapshots.Name, [manifest.Chunks[1].Digest]);
            }
        };
        await pair.RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        pair.Taker.Report.ChunksReceived.Should().Be(manifest.Chunks.Count + 2);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
    }

    [Fact]
    public async Task An_installed_snapshot_that_rots_is_noticed_and_a_peer_gives_back_what_is_damaged_and_no_more()
    {
        var state = SomeSnapshots.State(2_000);
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        await new SnapshotPair(_taken, _given).RunAsync();
        await _taken.WriteChunkAsync(SomeSnapshots.Name, manifest.Chunks[1], new byte[manifest.Chunks[1].Length]);
        await FluentActions.Awaiting(() => SomeSnapshots.ReadAsync(_taken)).Should().ThrowAsync<InvalidFormatException>();

        // Who gives it notices too, and sends nothing that is wrong.
        var other = await new SnapshotPair(new InMemorySnapshotChunkStore(), _taken).RunAsync();
        other.Giver.End!.Reason.Should().Be(SyncEndReason.StoreIncomplete);

        var pair = await new SnapshotPair(_taken, _given).RunAsync();

        pair.ChunksArrived.Should().Equal(1);
        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
    }

    [Fact]
    public async Task A_peer_that_gives_up_while_what_is_installed_is_verified_takes_nothing_away()
    {
        var state = SomeSnapshots.State(2_000);
        await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        await new SnapshotPair(_taken, _given).RunAsync();
        var pair = new SnapshotPair(_taken, _given);
        pair.Taker.BeforeWork = async work =>
        {
            if (work is SnapshotWork.Verify)
            {
                pair.Giver.Now += TimeSpan.FromMinutes(10);
                await pair.Giver.StepAsync(new SyncInput.TimerElapsed());
            }
        };

        await pair.RunAsync();

        pair.Giver.End!.Reason.Should().Be(SyncEndReason.Completed, "it owes nothing");
        pair.Taker.Report.End.Should().Be(SnapshotEnd.AlreadyInstalled);
    }

    [Fact]
    public async Task What_is_found_to_be_damaged_after_the_peer_has_given_up_comes_with_the_next_session()
    {
        var state = SomeSnapshots.State(2_000);
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        await new SnapshotPair(_taken, _given).RunAsync();
        await _taken.WriteChunkAsync(SomeSnapshots.Name, manifest.Chunks[1], new byte[manifest.Chunks[1].Length]);
        var (isCut, cut) = (false, new SnapshotPair(_taken, _given));
        cut.OnTheWay = (_, frame) => isCut ? [] : [frame];
        cut.Taker.BeforeWork = work =>
        {
            isCut |= work is SnapshotWork.Verify;
            return Task.CompletedTask;
        };
        await cut.RunAsync();
        await cut.Taker.StepAsync(new SyncInput.Disconnected());
        cut.Taker.Report.End.Should().Be(SnapshotEnd.Cut);

        // Without reading anything it is seen to be missing.
        var pair = new SnapshotPair(_taken, _given);
        pair.Taker.BeforeWork = work => work is SnapshotWork.Verify ? throw new IOException("too late") : Task.CompletedTask;
        await pair.RunAsync();

        pair.ChunksArrived.Should().Equal(1);
        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
    }

    [Fact]
    public async Task A_publication_that_fails_leaves_no_chunks()
    {
        var (before, state) = (SomeSnapshots.State(3_000, seed: 1), SomeSnapshots.State(3_000));
        await SomeSnapshots.PublishAsync(_given, before, SomeSnapshots.Head(1, 5));
        var installed = await _given.ReadDigestsAsync(SomeSnapshots.Name);
        var library = new SnapshotLibrary(_given);
        var broken = SomeSnapshots.Entries(state).Select((entry, number) => number < 2_500 ? entry : throw new TimeoutException());

        // A capture that fails, keys that do not ascend, and a state that is older than what is installed.
        await Assert.ThrowsAsync<TimeoutException>(() => library.PublishAsync(
            SomeSnapshots.Name, 1, [SomeSnapshots.Head(1, 6)], broken, CancellationToken.None));
        await Assert.ThrowsAsync<ArgumentException>(() => library.PublishAsync(
            SomeSnapshots.Name, 1, [SomeSnapshots.Head(1, 6)], [.. SomeSnapshots.Entries(state), default], CancellationToken.None));
        (await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 4))).End.Should().Be(SnapshotEnd.Older);

        (await _given.ReadDigestsAsync(SomeSnapshots.Name)).Should().BeEquivalentTo(installed);
        (await SomeSnapshots.ReadAsync(_given)).Should().Equal(before);
    }

    [Fact]
    public async Task A_manifest_that_rots_is_replaced()
    {
        var state = SomeSnapshots.State(2_000);
        var (manifest, _) = await SomeSnapshots.PublishAsync(_given, state, SomeSnapshots.Head(1, 5));
        await new SnapshotPair(_taken, _given).RunAsync();
        var bytes = manifest.ToArray();
        bytes[^1] ^= 1;
        await _taken.InstallAsync(SomeSnapshots.Name, bytes);

        var pair = await new SnapshotPair(_taken, _given).RunAsync();

        pair.Taker.Report.End.Should().Be(SnapshotEnd.Installed);
        pair.ChunksArrived.Should().BeEmpty("the chunks are there");
        (await SomeSnapshots.ReadAsync(_taken)).Should().Equal(state);
    }

    [Fact]
    public async Task On_a_wire_that_loses_repeats_moves_and_changes_frames_nothing_half_is_ever_seen()
    {
        var random = SeededRandom.Create();
        var (installed, ends) = (0, new Dictionary<SyncEndReason, int>());
        for (var run = 0; run < 60; run++)
        {
            var (given, taken) = (new InMemorySnapshotChunkStore(), new InMemorySnapshotChunkStore());
            var states = new List<Dictionary<string, string>?> { null };
            for (var sequence = 1; sequence <= 3; sequence++)
            {
                var state = SomeSnapshots.State(1_500);
                state[SomeSnapshots.Key(0)] = $"{sequence}";
                states.Add(new(state, StringComparer.Ordinal));
                await SomeSnapshots.PublishAsync(given, state, SomeSnapshots.Head(1, sequence));
                for (var attempt = 0; attempt < 3; attempt++)
                {
                    var pair = new SnapshotPair(taken, given, SessionSide.Options());
                    var held = new List<byte[]>();
                    pair.OnTheWay = (_, frame) => Hostile(random, frame, held);
                    await pair.RunAsync();
                    var end = pair.Taker.End?.Reason ?? SyncEndReason.TimedOut;
                    ends[end] = ends.GetValueOrDefault(end) + 1;
                    end.Should().BeOneOf(
                        SyncEndReason.Completed, SyncEndReason.TimedOut, SyncEndReason.FrameForged, SyncEndReason.ProtocolBroken,
                        SyncEndReason.NotAuthenticated, SyncEndReason.VersionRefused, SyncEndReason.SnapshotsNotGiven);
                    if (pair.Taker.Session.IsSealed)
                    {
                        end.Should().NotBe(SyncEndReason.ProtocolBroken, "what is sealed opens whole or not at all");
                    }

                    var seen = await SomeSnapshots.ReadAsync(taken);
                    states.Should().Contain(one => one == null ? seen == null : seen != null && one.SequenceEqual(seen));
                    if (pair.Taker.Report.IsInstalled)
                    {
                        installed++;
                        seen.Should().Equal(state);
                    }
                }
            }

            (await new SnapshotPair(taken, given).RunAsync()).Taker.Report.IsInstalled.Should().BeTrue();
            (await SomeSnapshots.ReadAsync(taken)).Should().Equal(states[^1]);
        }

        output.WriteLine($"{installed} installed, ends: {string.Join(", ", ends)}");
        installed.Should().BeGreaterThan(50);
        ends.Keys.Should().Contain([SyncEndReason.Completed, SyncEndReason.TimedOut, SyncEndReason.FrameForged]);
    }

    private static List<byte[]> Hostile(Random random, byte[] frame, List<byte[]> held)
    {
        var arriving = new List<byte[]>(held);
        held.Clear();
        switch (random.Next(30))
        {
            case 0:
                return arriving;
            case 1:
                return [.. arriving, frame, frame];
            case 2:
                held.Add(frame);
                return arriving;
            case 3:
                frame = [.. frame];
                frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                return [.. arriving, frame];
            case 4:
                return [.. arriving, frame[..random.Next(1, frame.Length + 1)]];
            default:
                // What was held comes behind the one after it.
                return [frame, .. arriving];
        }
    }

    private async Task<SnapshotEnd> EndAsync(PeerRights? giverRights = null, PeerRights? takerRights = null)
    {
        var pair = new SnapshotPair(
            new SnapshotSide(SyncRole.Initiator, _taken, SnapshotPair.Open, takes: true, rights: takerRights),
            new SnapshotSide(SyncRole.Responder, _given, SnapshotPair.Open, rights: giverRights));
        return (await pair.RunAsync()).Taker.Report.End;
    }
}
