using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A peer, or somebody between the peers, that sends anything: a typed end, and no harm to the data here.</summary>
public sealed class SessionHostileTests
{
    private static readonly SyncOptions Open = new() { IsTransportAuthenticated = true };

    private readonly Random _random = SeededRandom.Create();

    [Fact]
    public async Task A_frame_that_is_changed_repeated_or_lost_on_its_way_ends_the_session()
    {
        var frames = (await PairAsync(SessionSide.Options())).Frames.Count;
        for (var at = 0; at < frames; at++)
        {
            foreach (var kind in new[] { 0, 1, 2 })
            {
                byte[]? before = null;
                var pair = NewPair(SessionSide.Options(), await SidesAsync(SessionSide.Options()));
                pair.OnTheWay = (number, frame) =>
                {
                    var arrived = number != at ? frame : kind switch
                    {
                        0 => Damaged(frame),
                        1 => before is null ? [] : before,
                        _ => null,
                    };
                    before = frame;
                    return arrived;
                };
                await pair.RunAsync();
                ShouldBeUnharmed(pair);
                if (kind < 2)
                {
                    (pair.Initiator.End ?? pair.Responder.End).Should().NotBeNull($"frame {at} came as {kind}");
                }
            }
        }
    }

    [Fact]
    public async Task A_frame_that_is_cut_anywhere_ends_the_session_typed()
    {
        var frames = (await PairAsync(Open)).Frames;
        for (var at = 0; at < frames.Count; at++)
        {
            for (var length = 0; length < frames[at].Frame.Length; length += 1 + (frames[at].Frame.Length / 40))
            {
                var pair = NewPair(Open, await SidesAsync(Open));
                pair.OnTheWay = (number, frame) => number == at ? frame[..Math.Min(length, frame.Length - 1)] : frame;
                await pair.RunAsync();

                (pair.Initiator.End ?? pair.Responder.End)!.Reason.Should().BeOneOf(
                    SyncEndReason.ProtocolBroken, SyncEndReason.NotAuthenticated);
                ShouldBeUnharmed(pair);
            }
        }
    }

    [Fact]
    public async Task Whatever_a_member_sends_the_data_here_stays_whole()
    {
        for (var i = 0; i < 1_500; i++)
        {
            var pair = NewPair(Open, await SidesAsync(Open));
            var at = _random.Next(3, 12);
            pair.OnTheWay = (number, frame) => number == at ? Damaged(frame) : frame;
            await pair.RunAsync();
            ShouldBeUnharmed(pair);
        }
    }

    [Fact]
    public void A_million_damaged_batches_are_refused_or_read_and_nothing_else()
    {
        using var frame = new WireWriter();
        EventBatchFormat.Write(frame, SomeEvents(6), new NoCompression());
        var whole = frame.Written.ToArray();
        var refused = Mutations.CountRefused(1_000_000, _random, mutator =>
        {
            var reader = new WireReader(mutator.Damage(whole).Span);
            reader.Byte();
            var events = EventBatchFormat.Read(ref reader);
            Assert.True(!reader.IsBroken || events.Count == 0, "of what is refused nothing is given");
            return reader.IsBroken;
        });

        refused.Should().BeGreaterThan(100_000);
    }

    [Fact]
    public void A_batch_that_is_cut_anywhere_is_refused()
    {
        foreach (var codec in new[] { Compression.CompressionCodecs.OfSystem.Preferred, new NoCompression() })
        {
            using var frame = new WireWriter();
            EventBatchFormat.Write(frame, SomeEvents(20), codec);
            var whole = frame.Written.ToArray();
            for (var length = 1; length < whole.Length; length++)
            {
                var reader = new WireReader(whole.AsSpan(1, length - 1));
                EventBatchFormat.Read(ref reader).Should().BeEmpty();
                reader.IsBroken.Should().BeTrue();
            }
        }
    }

    [Fact]
    public void A_small_frame_cannot_make_room_for_a_large_content()
    {
        var codec = Compression.CompressionCodecs.OfSystem.Preferred;
        using var frame = new WireWriter();
        frame.Byte((byte)codec.Format);
        frame.Integer(100);
        frame.Bytes(Compression.CompressionCodecExtensions.Compress(codec, new byte[64 * 1024 * 1024]));
        var before = GC.GetAllocatedBytesForCurrentThread();

        var reader = new WireReader(frame.Written);
        EventBatchFormat.Read(ref reader);

        reader.IsBroken.Should().BeTrue();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(100_000);

        using var lying = new WireWriter();
        lying.Byte(0);
        lying.Integer(ulong.MaxValue);
        reader = new WireReader(lying.Written);
        EventBatchFormat.Read(ref reader);
        reader.IsBroken.Should().BeTrue();
    }

    [Fact]
    public async Task A_peer_that_is_silent_is_given_up()
    {
        var side = new SessionSide(SyncRole.Responder, Some.NewReplica(1), SessionSide.Options());
        await side.StepAsync(new SyncInput.Started());
        await side.StepAsync(new SyncInput.TimerElapsed());
        side.End.Should().BeNull("its time is not over");

        side.Now = Some.Noon.AddSeconds(31);
        await side.StepAsync(new SyncInput.TimerElapsed());
        side.End!.Reason.Should().Be(SyncEndReason.TimedOut);
    }

    [Fact]
    public async Task A_peer_that_ends_the_connection_in_the_middle_is_reported()
    {
        var pair = NewPair(Open, await SidesAsync(Open));
        pair.OnTheWay = (number, frame) => number < 5 ? frame : null;
        await pair.RunAsync();

        await pair.Responder.StepAsync(new SyncInput.Disconnected());
        pair.Responder.End!.Reason.Should().Be(SyncEndReason.Disconnected);
    }

    [Fact]
    public async Task A_peer_that_does_not_wait_for_confirmation_is_cut_off()
    {
        var options = new SyncOptions { IsTransportAuthenticated = true, WindowBytes = 64 * 1024 };
        var replica = Some.NewReplica(2);
        using var outbox = new Outbox();
        var receiver = new SyncReceiver(replica, options, outbox);
        using var frame = new WireWriter();
        EventBatchFormat.Write(frame, SomeEvents(1), new NoCompression());
        for (var i = 0; i < 40 && !outbox.HasEnded; i++)
        {
            // Nobody says that they are stored.
            var reader = new WireReader(frame.Written[1..]);
            receiver.Take(ref reader, 100_000);
        }

        outbox.HasEnded.Should().BeTrue();
        outbox.Take().OfType<SyncOutput.Ended>().Single().Reason.Should().Be(SyncEndReason.Flooded);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_peer_that_repeats_what_it_has_confirmed_or_that_it_is_done_does_not_hold_the_session()
    {
        foreach (var repeated in new byte[][] { [FrameType.Ack, 0, 0], [FrameType.Done] })
        {
            var pair = NewPair(Open, await SidesAsync(Open));
            pair.OnTheWay = (_, frame) => frame[0] == FrameType.Ack ? null : frame;
            await pair.RunAsync();
            pair.Responder.End.Should().BeNull("it waits for what was lost");

            await pair.Responder.StepAsync(new SyncInput.Received(repeated));

            pair.Responder.End!.Reason.Should().Be(SyncEndReason.ProtocolBroken);
            ShouldBeUnharmed(pair);
        }
    }

    private static void ShouldBeUnharmed(SessionPair pair)
    {
        foreach (var side in new[] { pair.Initiator, pair.Responder })
        {
            side.Replica.Clock[side.Replica.Self].Should().Be(5, "own events are there");
            side.Replica.Clock.Count.Should().BeLessThanOrEqualTo(5);
        }
    }

    private static SessionPair NewPair(SyncOptions options, (Replica Left, InMemoryReplicaStore LeftStore, Replica Right, InMemoryReplicaStore RightStore) sides) =>
        new(
            new SessionSide(SyncRole.Initiator, sides.Left, options, sides.LeftStore),
            new SessionSide(SyncRole.Responder, sides.Right, options, sides.RightStore));

    private static async Task<(Replica, InMemoryReplicaStore, Replica, InMemoryReplicaStore)> SidesAsync(SyncOptions options)
    {
        var left = await new SessionSide(SyncRole.Initiator, Some.NewReplica(1), options).WriteAsync(5);
        var right = await new SessionSide(SyncRole.Responder, Some.NewReplica(2), options).WriteAsync(5);
        return (left.Replica, left.Store, right.Replica, right.Store);
    }

    private static async Task<SessionPair> PairAsync(SyncOptions options) =>
        await NewPair(options, await SidesAsync(options)).RunAsync();

    private static List<SyncEvent> SomeEvents(int count)
    {
        var cluster = new Cluster(new Random(5), 3);
        while (cluster.Written.Count < count)
        {
            cluster.Run(1);
        }

        return [.. cluster.Written.Select(written => written.Event)];
    }

    private byte[] Damaged(byte[] frame)
    {
        var damaged = frame.ToArray();
        do
        {
            damaged[_random.Next(damaged.Length)] ^= (byte)_random.Next(1, 256);
        }
        while (_random.Next(2) == 0 || damaged.AsSpan().SequenceEqual(frame));

        return damaged;
    }
}
