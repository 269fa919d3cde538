using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

public sealed class SessionTests(ITestOutputHelper output)
{
    [Fact]
    [Trait("Row", "S01")]
    public async Task Two_replicas_agree_on_a_version_and_on_a_mode()
    {
        var pair = await new SessionPair(await SideAsync(1, events: 3), await SideAsync(2, events: 2)).RunAsync();

        foreach (var side in new[] { pair.Initiator, pair.Responder })
        {
            var report = side.Reports.Should().ContainSingle().Subject;
            (report.ProtocolVersion, report.Mode).Should().Be((1, SyncMode.Full));
            side.End.Should().BeNull("the session goes on");
        }

        (await pair.AgainAsync()).Initiator.Reports[1].Mode.Should().Be(SyncMode.InSync);
        pair.Responder.Reports[1].Mode.Should().Be(SyncMode.InSync);
    }

    [Fact]
    [Trait("Row", "S01")]
    public async Task A_peer_of_an_unknown_version_is_refused_and_learns_nothing_but_the_versions()
    {
        var responder = await SideAsync(2, events: 2);
        await responder.StepAsync(new SyncInput.Started());
        using var hello = new WireWriter();
        new Handshake(SessionSide.Options()).WriteHello(hello);
        var newer = hello.Written.ToArray();
        (newer[5], newer[6]) = (2, 3);

        await responder.StepAsync(new SyncInput.Received(newer));

        responder.End!.Reason.Should().Be(SyncEndReason.VersionRefused);
        responder.Sent.Should().ContainSingle().Which.Should().Equal(FrameType.Refuse, 1, 1);

        var initiator = await SideAsync(1, events: 1, SyncRole.Initiator);
        await initiator.StepAsync(new SyncInput.Started());
        await initiator.StepAsync(new SyncInput.Received(responder.Sent.Dequeue()));
        initiator.End!.Reason.Should().Be(SyncEndReason.VersionRefused);
    }

    [Fact]
    public async Task Two_that_write_as_the_same_replica_confirm_nothing_to_each_other()
    {
        var pair = await new SessionPair(
            await SideAsync(1, 3, SyncRole.Initiator), await SideAsync(1, 3, SyncRole.Responder)).RunAsync();

        pair.Initiator.Replica.Self.Should().Be(pair.Responder.Replica.Self);
        pair.Responder.End!.Reason.Should().Be(SyncEndReason.ProtocolBroken);
        pair.Responder.End.Detail.Should().Contain("copy");
        pair.Initiator.Reports.Concat(pair.Responder.Reports).Should().BeEmpty();
    }

    [Theory]
    [InlineData(true, true, CompressionFormat.Zstd)]
    [InlineData(true, false, CompressionFormat.Brotli)]
    [InlineData(false, true, CompressionFormat.Brotli)]
    [InlineData(false, false, CompressionFormat.Brotli)]
    public void Events_are_compressed_so_that_both_can_read_them(bool caller, bool called, CompressionFormat format)
    {
        var initiator = new Handshake(SessionSide.Options(), canReadZstd: caller);
        var responder = new Handshake(SessionSide.Options(), canReadZstd: called);
        using var hello = new WireWriter();
        initiator.WriteHello(hello);
        responder.ReadHello(hello.Written).Should().Be(SyncEndReason.Completed);
        using var welcome = new WireWriter();
        responder.WriteWelcome(welcome);
        initiator.ReadWelcome(welcome.Written).Should().Be(SyncEndReason.Completed);

        initiator.Codec.Format.Should().Be(format);
        responder.Codec.Format.Should().Be(format);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_without_the_key_learns_nothing(bool isInitiatorRight)
    {
        var wrong = new SyncOptions { SharedKey = new byte[32] };
        var right = SessionSide.Options();
        var pair = await new SessionPair(
            await SideAsync(1, 3, SyncRole.Initiator, isInitiatorRight ? right : wrong),
            await SideAsync(2, 3, SyncRole.Responder, isInitiatorRight ? wrong : right)).RunAsync();

        pair.Initiator.End!.Reason.Should().Be(SyncEndReason.NotAuthenticated);
        pair.Frames.Select(frame => frame.Frame[0]).Should().Equal(FrameType.Hello, FrameType.Welcome);
    }

    [Fact]
    public async Task A_peer_that_wants_no_key_is_refused_by_one_that_does()
    {
        var open = new SyncOptions { IsTransportAuthenticated = true };
        var pair = await new SessionPair(
            await SideAsync(1, 3, SyncRole.Initiator, open), await SideAsync(2, 3, SyncRole.Responder)).RunAsync();

        pair.Responder.End!.Reason.Should().Be(SyncEndReason.NotAuthenticated);
        pair.Frames.Select(frame => frame.Frame[0]).Should().Equal(FrameType.Hello);

        var both = await new SessionPair(
            await SideAsync(1, 3, SyncRole.Initiator, open), await SideAsync(2, 3, SyncRole.Responder, open)).RunAsync();
        both.Initiator.Replica.Clock.Should().Be(both.Responder.Replica.Clock);
    }

    [Fact]
    [Trait("Row", "S02")]
    [Trait("Row", "X10")]
    public async Task Replicas_that_were_apart_hold_the_same_after_one_round_and_nothing_twice()
    {
        var (left, right) = (await SideAsync(1, events: 40), await SideAsync(2, events: 30));
        var pair = await new SessionPair(left, right).RunAsync();

        left.Replica.Clock.Should().Be(right.Replica.Clock);
        left.Replica.Clock.Should().Be(VectorClock.Of(new Dot(left.Replica.Self, 40), new Dot(right.Replica.Self, 30)));
        (left.Reports[0].EventsSent, left.Reports[0].EventsReceived).Should().Be((40, 30));
        (right.Reports[0].EventsSent, right.Reports[0].EventsReceived).Should().Be((30, 40));
        (await AllAsync(left)).Should().Equal(await AllAsync(right));

        await pair.AgainAsync();
        left.Reports[1].Should().Match<SyncReport>(report => report.EventsReceived == 0 && report.EventsKnown == 0);
        (left.Reports[1].BytesSent + left.Reports[1].BytesReceived).Should().BeLessThanOrEqualTo(200);
    }

    [Fact]
    [Trait("Row", "S10")]
    public async Task From_a_known_point_a_hundred_new_events_move_a_hundred_events()
    {
        var (left, right) = (await SideAsync(1, events: 1_000), await SideAsync(2, events: 1));
        var pair = await new SessionPair(left, right).RunAsync();
        await left.WriteAsync(100);

        await pair.AgainAsync();

        right.Reports[1].Should().Match<SyncReport>(report =>
            report.Mode == SyncMode.FromCheckpoint && report.EventsReceived == 100 && report.EventsKnown == 0);
        left.Replica.Clock.Should().Be(right.Replica.Clock);
    }

    [Fact]
    [Trait("Row", "S10")]
    public async Task A_point_that_was_kept_serves_a_new_session_and_a_wrong_one_costs_bytes_only()
    {
        var (left, right) = (await SideAsync(1, events: 20), await SideAsync(2, events: 20));
        var first = await new SessionPair(left, right).RunAsync();
        var kept = first.Initiator.Reports[0].Checkpoint!;
        foreach (var (wrong, mode) in new[]
        {
            (kept, SyncMode.FromCheckpoint),
            (VectorClock.Of(new Dot(left.Replica.Self, 3)), SyncMode.Full),
            (VectorClock.Of(new Dot(Some.Origin(77), 3)), SyncMode.Full),
        })
        {
            await left.WriteAsync(5);
            var pair = await new SessionPair(
                new SessionSide(SyncRole.Initiator, left.Replica, SessionSide.Options(), left.Store) { Checkpoint = wrong },
                new SessionSide(SyncRole.Responder, right.Replica, SessionSide.Options(), right.Store) { Checkpoint = kept }).RunAsync();

            pair.Initiator.Reports[0].Mode.Should().Be(mode);
            pair.Initiator.Reports[0].EventsSent.Should().Be(5);
            left.Replica.Clock.Should().Be(right.Replica.Clock);
        }
    }

    [Fact]
    public async Task Ten_events_on_one_of_a_thousand_origins_cost_few_bytes_around_them()
    {
        var (left, right) = (await SideAsync(1, events: 1), await SideAsync(2, events: 1));
        for (var number = 10; number < 1_010; number++)
        {
            var written = Some.NewReplica(number).Write(Some.Envelope()).Event;
            var delivered = new List<DeliveredEvent>();
            left.Replica.Admit(written, delivered);
            await left.Store.AppendAsync(delivered);
        }

        // Names all of them, so that the events below do not have to.
        await left.WriteAsync(1);
        var pair = await new SessionPair(left, right).RunAsync();
        await pair.AgainAsync();
        var inSync = left.Reports[1].BytesSent + left.Reports[1].BytesReceived;
        await left.WriteAsync(10, "\"0123456789\"");
        await pair.AgainAsync();
        var report = left.Reports[2];
        var bytes = report.BytesSent + report.BytesReceived;
        output.WriteLine($"in sync {inSync} bytes; ten events {bytes} bytes");

        (report.Mode, report.EventsSent).Should().Be((SyncMode.FromCheckpoint, 10));
        inSync.Should().BeLessThanOrEqualTo(200);
        bytes.Should().BeLessThan(1_100, "events included");
    }

    [Fact]
    [Trait("Row", "S11")]
    public async Task Batches_are_less_than_a_third_on_the_wire_and_exact_behind_it()
    {
        var (left, right) = (await SideAsync(1, events: 0), await SideAsync(2, events: 0));
        var (random, raw) = (SeededRandom.Create(), 0L);
        for (var i = 0; i < 500; i++)
        {
            var payload = $$"""{"sensor":"hall-{{random.Next(20)}}","celsius":{{random.Next(150, 300) / 10.0:F1}},"humidity":{{random.Next(30, 70)}},"battery":"ok","firmware":"4.2.1","position":{"floor":{{random.Next(4)}},"room":"r{{random.Next(40)}}"} }""";
            await left.WriteAsync(1, payload);
            raw += payload.Length + 2 + 16 + 32;
        }

        await new SessionPair(left, right).RunAsync();
        output.WriteLine($"{raw} bytes of payload, metadata, id and hash became {left.Reports[0].BytesSent} on the wire");

        (left.Reports[0].BytesSent / (double)raw).Should().BeLessThan(0.3);
        var (sent, received) = (await AllAsync(left), await AllAsync(right));
        received.Should().Equal(sent);
    }

    [Fact]
    public async Task No_more_than_a_window_is_on_the_way_before_it_is_confirmed()
    {
        var options = SessionSide.Options();
        (options.WindowBytes, options.BatchBytes) = (64 * 1024, 16 * 1024);
        var (random, payload) = (SeededRandom.Create(), new byte[3_000]);
        var (left, right) = (await SideAsync(1, 0), await SideAsync(2, 0, SyncRole.Responder, options));
        for (var i = 0; i < 200; i++)
        {
            random.NextBytes(payload);
            await left.WriteAsync(1, $"\"{Convert.ToBase64String(payload)}\"");
        }

        var (onTheWay, most) = (0L, 0L);
        var pair = new SessionPair(left, right);
        pair.OnTheWay = (_, frame) =>
        {
            onTheWay = frame[0] switch { FrameType.Events => onTheWay + frame.Length, FrameType.Ack => 0, _ => onTheWay };
            most = Math.Max(most, onTheWay);
            return frame;
        };
        await pair.RunAsync();

        right.Reports[0].EventsReceived.Should().Be(200);
        most.Should().BeLessThan(400 * 1024).And.BeGreaterThan(64 * 1024);
    }

    [Fact]
    public async Task A_forked_log_is_reported_and_everything_else_moves()
    {
        var (left, right) = (await SideAsync(1, events: 5), await SideAsync(2, events: 5));
        foreach (var (side, other) in new[] { (left, 1), (right, 2) })
        {
            // The same replica under two bodies: each side got another history of it.
            var clone = Some.NewReplica(9);
            var delivered = new List<DeliveredEvent>();
            for (var i = 0; i <= other; i++)
            {
                side.Replica.Admit(clone.Write(Some.Envelope()).Event, delivered);
            }

            await side.Store.AppendAsync(delivered);
        }

        await new SessionPair(left, right).RunAsync();

        right.Reports[0].Forks.Should().Equal(Some.Origin(9));
        left.Reports[0].Forks.Concat(right.Reports[0].Forks).Should().Contain(Some.Origin(9));
        right.Reports[0].Checkpoint.Should().BeNull();
        left.Replica.Clock[right.Replica.Self].Should().Be(5);
        right.Replica.Clock[left.Replica.Self].Should().Be(5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_side_that_is_given_nothing_of_a_forked_log_is_told_so(bool isItsOwn)
    {
        // Right has seven events of a log, left two of its own version, and lacks whatever right has.
        var left = isItsOwn
            ? new SessionSide(SyncRole.Initiator, Some.NewReplica(9), SessionSide.Options())
            : await SideAsync(1, events: 1);
        var right = await SideAsync(2, events: 1);
        foreach (var (side, count) in new[] { (left, 2), (right, 7) })
        {
            var clone = Some.NewReplica(9);
            for (var i = 0; i < count; i++)
            {
                var delivered = new List<DeliveredEvent>();
                side.Replica.Admit(clone.Write(Some.Envelope()).Event, delivered);
                await side.Store.AppendAsync(delivered);
            }
        }

        await new SessionPair(left, right).RunAsync();

        left.Reports[0].Forks.Should().Equal(Some.Origin(9));
        left.Reports[0].Lacking.Should().Equal(Some.Origin(9));
        (left.Reports[0].EventsRefused.Count, left.Reports[0].Checkpoint).Should().Be((0, null));
        right.Reports[0].Forks.Should().Equal(Some.Origin(9));
        left.Replica.Tail.Should().Be(isItsOwn ? TailStatus.Forked : TailStatus.Sound);
    }

    [Fact]
    public async Task A_restored_replica_is_told_before_it_reuses_a_dot()
    {
        var (left, right) = (await SideAsync(1, events: 5), await SideAsync(2, events: 1));
        await new SessionPair(left, right).RunAsync();
        var old = await left.Store.ReadHeadsAsync();
        var (backup, reader, delivered) = (new InMemoryReplicaStore(), Some.NewReplica(9), new List<DeliveredEvent>());
        foreach (var stored in await left.Store.ReadAsync(VectorClock.Empty, left.Replica.Clock, 100, int.MaxValue))
        {
            reader.Admit(stored, delivered);
        }

        await backup.AppendAsync(delivered);
        await left.WriteAsync(3);
        await new SessionPair(Anew(left, SyncRole.Initiator), Anew(right, SyncRole.Responder)).RunAsync();

        var restored = new SessionSide(
            SyncRole.Initiator, Replica.Resume(left.Replica.Self, old, new HybridClock(new ManualTime(Some.Noon))), SessionSide.Options(), backup);
        await new SessionPair(restored, Anew(right, SyncRole.Responder)).RunAsync();

        (restored.Replica.Tail, restored.Replica.CanWrite).Should().Be((TailStatus.Lost, false));
        restored.Replica.Clock[left.Replica.Self].Should().Be(8, "what was lost came back");
        restored.Replica.BeginIncarnation();
        restored.Replica.Write(Some.Envelope()).Event.Dot.Sequence.Should().Be(1);
    }

    [Fact]
    public async Task A_restarted_replica_may_write_again_after_it_met_a_peer_that_knows_its_end()
    {
        var (left, right) = (await SideAsync(1, events: 5), await SideAsync(2, events: 1));
        await new SessionPair(left, right).RunAsync();
        foreach (var hasNews in new[] { false, true })
        {
            if (hasNews)
            {
                await left.WriteAsync(1);
            }

            var resumed = Replica.Resume(
                left.Replica.Self, await left.Store.ReadHeadsAsync(), new HybridClock(new ManualTime(Some.Noon)));
            resumed.CanWrite.Should().BeFalse();
            await new SessionPair(
                new SessionSide(SyncRole.Initiator, resumed, SessionSide.Options(), left.Store), Anew(right, SyncRole.Responder)).RunAsync();

            resumed.Tail.Should().Be(TailStatus.Sound);
        }
    }

    [Fact]
    public async Task Events_from_the_future_are_refused_and_come_later()
    {
        var ahead = new SessionSide(
            SyncRole.Initiator, Some.NewReplica(1, new ManualTime(Some.Noon.AddMinutes(9))), SessionSide.Options());
        await ahead.WriteAsync(3);
        var wall = new ManualTime(Some.Noon);
        var right = new SessionSide(SyncRole.Responder, Some.NewReplica(2, wall), SessionSide.Options());
        var pair = await new SessionPair(ahead, right).RunAsync();

        right.Reports[0].EventsRefused.Should().Contain(Admission.ClockTooFarAhead, 1);
        right.Reports[0].Checkpoint.Should().BeNull();
        right.Replica.Clock.Should().Be(VectorClock.Empty);

        wall.Advance(TimeSpan.FromMinutes(9));
        await pair.AgainAsync();
        right.Replica.Clock.Should().Be(ahead.Replica.Clock);
    }

    private static SessionSide Anew(SessionSide side, SyncRole role) =>
        new(role, side.Replica, SessionSide.Options(), side.Store);

    private static Task<SessionSide> SideAsync(int number, int events) =>
        SideAsync(number, events, number == 1 ? SyncRole.Initiator : SyncRole.Responder);

    private static Task<SessionSide> SideAsync(int number, int events, SyncRole role, SyncOptions? options = null) =>
        new SessionSide(role, Some.NewReplica(number), options ?? SessionSide.Options()).WriteAsync(events);

    // Every event in the total order, by its hash: equal means equal to the byte.
    private static async Task<string[]> AllAsync(SessionSide side) =>
        [.. (await side.Store.ReadAsync(VectorClock.Empty, side.Replica.Clock, 100_000, int.MaxValue)).Select(one => $"{one.Dot} {one.Hash}")];
}
