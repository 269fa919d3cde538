using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What goes first over a slow link, and how much at once over one that is slow to answer.</summary>
public sealed class CriticalFirstTests(ITestOutputHelper output)
{
    private const double HalfMegabit = 500_000 / 8.0;

    private static readonly StreamId Alarms = new("alarm", "7");
    private static readonly StreamId Readings = new("reading", "7");
    private static readonly TimeSpan Near = TimeSpan.FromMilliseconds(20);

    private readonly Random _random = SeededRandom.Create();
    private int _numbers;

    [Fact]
    [Trait("Row", "S12")]
    public async Task Below_one_megabit_the_critical_events_come_first_and_all_the_others_behind_them()
    {
        var (left, right) = (Some.NewReplica(1), Some.NewReplica(2));
        var (leftStore, rightStore) = (new InMemoryReplicaStore(), new InMemoryReplicaStore());
        await WriteAsync(left, leftStore, Readings, 200, bytes: 2_000);
        var alarm = await WriteAsync(left, leftStore, Alarms, 1, bytes: 50);
        var meter = new LinkMeter();

        var (first, link) = await RoundAsync(left, leftStore, right, rightStore, meter);
        output.WriteLine(
            $"the alarm came after {(first.Ahead[0].At - Some.Noon).TotalSeconds:F1} s of {link.Now.TotalSeconds:F1} s");

        meter.Quality.State.Should().Be(LinkState.Constrained);
        meter.Quality.BytesPerSecond.Should().BeInRange(0.8 * HalfMegabit, 1.1 * HalfMegabit, "that is the link");
        first.Ahead.Select(ahead => ahead.Event.Hash).Should().Equal(alarm.Hash);
        (first.Ahead[0].At - Some.Noon).Should().BeLessThan(link.Now / 2);
        right.Clock[left.Self].Should().Be(201);
    }

    [Fact]
    [Trait("Row", "S12")]
    public async Task With_a_link_that_is_known_to_be_slow_the_critical_event_comes_before_the_first_of_the_others()
    {
        var (left, right) = (Some.NewReplica(1), Some.NewReplica(2));
        var (leftStore, rightStore) = (new InMemoryReplicaStore(), new InMemoryReplicaStore());
        await WriteAsync(left, leftStore, Readings, 1_000, bytes: 2_000);
        await WriteAsync(left, leftStore, Alarms, 1, bytes: 50);
        var (meter, rounds, taken) = (Constrained(), 0, 0);
        do
        {
            var (side, link) = await RoundAsync(left, leftStore, right, rightStore, meter);
            var report = side.Reports.Single();
            report.Link.Should().Be(LinkState.Constrained);
            if (rounds == 0)
            {
                taken = side.Ahead.Count;
                (side.Ahead[0].At - Some.Noon).Should().BeLessThan(TimeSpan.FromSeconds(2));
                link.Now.Should().BeGreaterThan(TimeSpan.FromSeconds(5), "the others wait for their turn");
                (report.EventsLeft, report.EventsAhead, report.Checkpoint).Should().Match<(long Left, long Ahead, VectorClock? Point)>(
                    told => told.Left > 0 && told.Ahead == 1 && told.Point == null);
            }

            (++rounds).Should().BeLessThan(20);
        }
        while (right.Clock[left.Self] < 1_001);

        output.WriteLine($"{rounds} rounds");
        taken.Should().Be(1);
        rounds.Should().BeGreaterThan(1);
        right.Clock.Should().Be(left.Clock);
    }

    [Fact]
    public async Task What_comes_ahead_builds_only_on_what_is_known_and_its_chain_is_whole()
    {
        // Three logs that know of each other, critical events in all of them.
        var replicas = Enumerable.Range(1, 3).Select(number => Some.NewReplica(number)).ToArray();
        var store = new InMemoryReplicaStore();
        var delivered = new List<DeliveredEvent>();
        for (var i = 0; i < 300; i++)
        {
            var writer = replicas[_random.Next(3)];
            var written = writer.Write(Envelope(_random.Next(20) == 0 ? Alarms : Readings, _random.Next(600)));
            foreach (var other in replicas.Where(other => other != writer))
            {
                other.Admit(written.Event, []);
            }

            await store.AppendAsync([written]);
            delivered.Add(written);
        }

        var (target, targetStore) = (Some.NewReplica(9), new InMemoryReplicaStore());
        var (side, _) = await RoundAsync(replicas[0], store, target, targetStore, Constrained());

        side.End.Should().BeNull();
        side.Ahead.Select(ahead => ahead.Event.Hash).Should().Equal(
            delivered.Where(one => one.Event.Envelope.StreamId == Alarms).Select(one => one.Event.Hash));
    }

    [Fact]
    public async Task A_link_that_always_breaks_brings_everything_all_the_same()
    {
        var (left, right) = (Some.NewReplica(1), Some.NewReplica(2));
        var (leftStore, rightStore) = (new InMemoryReplicaStore(), new InMemoryReplicaStore());
        await WriteAsync(left, leftStore, Readings, 50, bytes: 1_500);
        await WriteAsync(left, leftStore, Alarms, 600, bytes: 1_500);
        await WriteAsync(left, leftStore, Readings, 20, bytes: 1_500);
        var (sessions, before) = (0, 0L);
        while (right.Clock[left.Self] < 670)
        {
            await RoundAsync(left, leftStore, right, rightStore, Constrained(), breaksAt: TimeSpan.FromSeconds(6));
            right.Clock[left.Self].Should().BeGreaterThan(before, "a part of what goes is always of the others");
            before = right.Clock[left.Self];
            (++sessions).Should().BeLessThan(200);
        }

        output.WriteLine($"{sessions} sessions");
    }

    [Fact]
    public async Task Both_sides_send_what_is_critical_first_and_a_peer_that_may_not_read_everything_gets_the_usual_order()
    {
        foreach (var mayReadAll in new[] { true, false })
        {
            var (left, right) = (Some.NewReplica(1), Some.NewReplica(2));
            var (leftStore, rightStore) = (new InMemoryReplicaStore(), new InMemoryReplicaStore());
            await WriteAsync(right, rightStore, Readings, 100, bytes: 2_000);
            await WriteAsync(right, rightStore, Alarms, 1, bytes: 50);
            var rights = mayReadAll ? PeerRights.All : new PeerRights { CanRead = static _ => true };
            var caller = new SessionSide(SyncRole.Initiator, left, Options(), leftStore) { Link = Constrained() };
            var answerer = new SessionSide(SyncRole.Responder, right, Options(), rightStore) { Rights = rights };

            await new SlowLink(caller, answerer, HalfMegabit, Near).RunAsync();

            caller.Ahead.Should().HaveCount(mayReadAll ? 1 : 0);
            left.Clock.Should().Be(right.Clock);
        }
    }

    [Fact]
    [Trait("Row", "S12")]
    public async Task Above_half_a_second_more_than_a_hundred_events_go_at_once()
    {
        foreach (var (milliseconds, isLatent) in new[] { (300, true), (50, false) })
        {
            var (left, right) = (Some.NewReplica(1), Some.NewReplica(2));
            var (leftStore, rightStore) = (new InMemoryReplicaStore(), new InMemoryReplicaStore());
            await WriteAsync(left, leftStore, Readings, 1_000, bytes: 2_000);
            var caller = new SessionSide(SyncRole.Initiator, left, Options(windowBytes: 1024 * 1024), leftStore) { Link = new LinkMeter() };
            var answerer = new SessionSide(SyncRole.Responder, right, Options(windowBytes: 1024 * 1024), rightStore);

            var link = await new SlowLink(
                caller, answerer, 100_000_000, TimeSpan.FromMilliseconds(milliseconds)).RunAsync();

            var batches = link.Arrived.Where(one => one.Frame[0] == FrameType.Events).Select(one => Count(one.Frame)).ToList();
            output.WriteLine($"{2 * milliseconds} ms: {string.Join(", ", batches)} events, {link.Now.TotalSeconds:F1} s");
            batches.Sum().Should().Be(1_000);
            caller.Reports.Single().Link.Should().Be(isLatent ? LinkState.HighLatency : LinkState.Normal);
            batches.SkipLast(1).Should().OnlyContain(count => count > 100 == isLatent);
        }
    }

    [Fact]
    public async Task A_node_tells_its_application_what_came_ahead()
    {
        var time = new ManualTime(Some.Noon);
        var (ahead, delivered, before) = (new List<SyncEvent>(), new List<DeliveredEvent>(), -1);
        using var left = await OpenAsync(new ReplicaNodeOptions { Sync = Options() });
        using var right = await OpenAsync(new ReplicaNodeOptions
        {
            Sync = Options(),
            OnAhead = one =>
            {
                ahead.Add(one);
                before = delivered.Count;
            },
            OnDelivered = delivered.Add,
        });
        for (var i = 0; i < 20; i++)
        {
            await left.WriteAsync(Envelope(Readings, 2_000));
        }

        var alarm = await left.WriteAsync(Envelope(Alarms, 50));
        var (there, here) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(here, SyncRole.Responder);

        var outcome = await left.SynchroniseAsync(
            new MeteredTransport(there, time) { Link = Constrained() }, SyncRole.Initiator);

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        (await answering).Report!.EventsAhead.Should().Be(1);
        ahead.Select(one => one.Hash).Should().Equal(alarm.Event.Hash);
        delivered.Should().HaveCount(21);
        before.Should().BeInRange(0, 15, "it is ahead of its turn");

        Task<ReplicaNode> OpenAsync(ReplicaNodeOptions options) =>
            ReplicaNode.OpenAsync(new InMemoryReplicaStore(), options, time);
    }

    [Fact]
    public void A_stub_that_says_something_else_breaks_the_chain_behind_it()
    {
        var writer = Some.NewReplica(1);
        var events = Enumerable.Range(0, 5).Select(_ => writer.Write(Envelope(Readings, 300)).Event).ToList();
        var alarm = writer.Write(Envelope(Alarms, 10)).Event;
        var stubs = events.Select(one => new EventStub(one.Dot, one.Time, one.Previous, one.Observed, one.Content)).ToList();
        stubs.Select(stub => stub.Hash).Should().Equal(events.Select(one => one.Hash), "the content is bound by its digest");

        new AheadReceiver(Some.NewReplica(2), rights: null).Take([.. stubs, new EventStub(alarm)]).Should().ContainSingle();
        for (var at = 0; at < stubs.Count; at++)
        {
            var (one, forged) = (events[at], stubs.ToList());
            forged[at] = new EventStub(one.Dot, one.Time, one.Previous, one.Observed, Sha256Digest.Of([1]));
            new AheadReceiver(Some.NewReplica(2), rights: null).Take([.. forged, new EventStub(alarm)]).Should().BeEmpty();
            forged.RemoveAt(at);
            new AheadReceiver(Some.NewReplica(2), rights: null).Take([.. forged, new EventStub(alarm)]).Should().BeEmpty();
        }

        var other = Some.NewReplica(3);
        other.Admit(events[0], []);
        var builds = new EventStub(other.Write(Envelope(Alarms, 10)).Event);
        new AheadReceiver(Some.NewReplica(2), rights: null).Take([builds]).Should().BeEmpty("its cause is not known");
        new AheadReceiver(Some.NewReplica(2), rights: null).Take([stubs[0], builds]).Should().ContainSingle();
    }

    [Fact]
    public void A_peer_that_makes_up_logs_fills_a_limit()
    {
        var receiver = new AheadReceiver(Some.NewReplica(2), rights: null);
        var envelope = Envelope(Alarms, 10);
        var taken = receiver.Take(
        [
            .. Enumerable.Range(10, 5_000).Select(number => new EventStub(SyncEvent.Create(
                new Dot(Some.Origin(number), 1),
                HybridTime.FromWallTime(Some.Noon),
                SyncEvent.Genesis(Some.Origin(number)),
                VectorClock.Empty,
                envelope))),
        ]);

        taken.Should().HaveCount(4_096);
    }

    [Fact]
    public void Frames_that_are_cut_or_changed_are_refused_or_read_and_nothing_else()
    {
        var writer = Some.NewReplica(1);
        var events = Enumerable.Range(0, 6).Select(i => writer.Write(Envelope(i % 3 == 0 ? Alarms : Readings, 300)).Event).ToList();
        using var frame = new WireWriter();
        using var rest = EventBatchFormat.WriteRest(events, one => one.Envelope.StreamId == Readings);
        EventBatchFormat.Write(frame, rest, new NoCompression(), FrameType.Ahead);
        var whole = frame.Written.ToArray();
        ReadAhead(whole).Should().Be(6);
        for (var length = 1; length < whole.Length; length++)
        {
            ReadAhead(whole.AsSpan(0, length)).Should().BeNull($"{length} bytes");
        }

        frame.Clear();
        new RoundStrategy(LinkState.Constrained, CriticalFirst: true, 16 * 1024, 64 * 1024).Write(frame);
        var link = frame.Written.ToArray();
        var batches = Mutations.CountRefused(50_000, _random, mutator =>
        {
            var count = ReadAhead(mutator.ChangeBehindFirst(whole, mostChanges: 3).Span);
            Assert.InRange(count ?? 0, 0, 6);
            return count is null;
        });
        var links = Mutations.CountRefused(50_000, _random, mutator =>
        {
            var reader = new WireReader(mutator.ChangeBehindFirst(link, mostChanges: 3).Span[1..]);
            var read = RoundStrategy.Read(ref reader);
            Assert.True(
                reader.IsBroken || (read.BatchBytes is >= 16 * 1024 and <= 1024 * 1024
                    && read.SliceBytes is >= 64 * 1024 and <= 4 * 1024 * 1024),
                "sizes are within their bounds");
            return reader.IsBroken;
        });

        batches.Should().BePositive();
        links.Should().BePositive();
    }

    [Fact]
    public async Task A_peer_that_sends_stubs_where_events_belong_breaks_the_protocol()
    {
        var writer = Some.NewReplica(1);
        var stub = writer.Write(Envelope(Readings, 300)).Event;
        var side = await new SessionSide(SyncRole.Responder, Some.NewReplica(2), Options()).WriteAsync(1);
        var peer = new SessionSide(SyncRole.Initiator, writer, Options());
        var pair = new SessionPair(peer, side)
        {
            OnTheWay = (_, frame) => frame[0] == FrameType.Vector ? frame : frame[0] == FrameType.Events ? Stubs(stub) : frame,
        };
        await peer.Store.AppendAsync([new DeliveredEvent(stub, VectorClock.Empty)]);

        await pair.RunAsync();

        side.End!.Reason.Should().Be(SyncEndReason.ProtocolBroken);
        side.Replica.Clock[writer.Self].Should().Be(0);
    }

    private static byte[] Stubs(SyncEvent stub)
    {
        using var frame = new WireWriter();
        using var rest = EventBatchFormat.WriteRest([stub], static _ => true);
        EventBatchFormat.Write(frame, rest, new NoCompression());
        return frame.Written.ToArray();
    }

    private static int? ReadAhead(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame[1..]);
        var stubs = EventBatchFormat.ReadAhead(ref reader);
        return reader.IsBroken ? null : stubs.Count;
    }

    private static int Count(byte[] frame)
    {
        var reader = new WireReader(frame.AsSpan(1));
        return EventBatchFormat.Read(ref reader).Count;
    }

    private static LinkMeter Constrained()
    {
        var meter = new LinkMeter();
        for (var i = 0; i < 3; i++)
        {
            meter.Confirmed((long)HalfMegabit, TimeSpan.FromSeconds(1), Some.Noon);
        }

        return meter;
    }

    private static SyncOptions Options(int windowBytes = 128 * 1024) => new()
    {
        IsTransportAuthenticated = true,
        BatchBytes = 32 * 1024,
        WindowBytes = windowBytes,
        IsCritical = static stream => stream.AggregateType is "alarm",
    };

    private static async Task<(SessionSide Answerer, SlowLink Link)> RoundAsync(
        Replica left,
        InMemoryReplicaStore leftStore,
        Replica right,
        InMemoryReplicaStore rightStore,
        LinkMeter meter,
        TimeSpan? breaksAt = null)
    {
        var caller = new SessionSide(SyncRole.Initiator, left, Options(), leftStore) { Link = meter };
        var answerer = new SessionSide(SyncRole.Responder, right, Options(), rightStore);
        var link = await new SlowLink(caller, answerer, HalfMegabit, Near).RunAsync(breaksAt);
        return (answerer, link);
    }

    private async Task<SyncEvent> WriteAsync(
        Replica replica, InMemoryReplicaStore store, StreamId stream, int count, int bytes)
    {
        DeliveredEvent written = default;
        for (var i = 0; i < count; i++)
        {
            written = replica.Write(Envelope(stream, bytes));
            await store.AppendAsync([written]);
        }

        return written.Event;
    }

    // Payloads that do not compress, so that bytes are bytes.
    private EventEnvelope Envelope(StreamId stream, int bytes)
    {
        var random = new byte[bytes];
        _random.NextBytes(random);
        var payload = $"\"{_numbers++}{Convert.ToBase64String(random)}\"";
        return EventEnvelope.Create(stream, "measured", Encoding.UTF8.GetBytes(payload), timeProvider: new ManualTime(Some.Noon));
    }
}
