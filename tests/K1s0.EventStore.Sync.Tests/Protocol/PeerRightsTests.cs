using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// Peers that may not see or bring everything: what is withheld does not leave, what is refused does not enter, and
/// nobody is taken to have what it has not.
/// </summary>
public sealed class PeerRightsTests
{
    private static readonly StreamId Secret = new("secret", "1");

    private static readonly PeerRights NoSecrets = new() { CanRead = next => next.Envelope.StreamId != Secret };

    [Fact]
    public async Task A_log_ends_for_a_peer_at_the_first_event_that_it_may_not_read_and_goes_on_when_it_may()
    {
        var (hub, edge) = (new Node(1), new Node(2));
        await hub.WriteAsync(Some.Stream, Secret, Some.Stream);

        var pair = await edge.MeetAsync(hub, NoSecrets);

        edge.Replica.Clock[hub.Self].Should().Be(1);
        pair.Responder.Reports.Single().Checkpoint.Should().BeNull("the edge has not what it was not given");
        pair.Initiator.Reports.Single().Checkpoint.Should().BeNull();
        pair.Responder.Reports.Single().EventsSent.Should().Be(1);

        pair = await edge.MeetAsync(hub, PeerRights.All);
        edge.Replica.Clock.Should().Be(hub.Replica.Clock);
        pair.Responder.Reports.Single().Checkpoint.Should().Be(hub.Replica.Clock);
    }

    [Fact]
    public async Task What_builds_on_a_withheld_event_is_withheld_and_the_rest_moves()
    {
        var (hub, edge, insider, other) = (new Node(1), new Node(2), new Node(3), new Node(4));
        await hub.WriteAsync(Secret);
        await other.WriteAsync(Some.Stream);
        await other.MeetAsync(hub, new PeerRights { CanSeeLog = _ => false });
        await insider.WriteAsync(Some.Stream);
        await insider.MeetAsync(hub, PeerRights.All);
        await insider.WriteAsync(Some.Stream, Some.Stream);
        await insider.MeetAsync(hub, PeerRights.All);

        var pair = await edge.MeetAsync(hub, NoSecrets);

        edge.Replica.Clock[insider.Self].Should().Be(1, "the next was written by somebody who had seen the secret");
        edge.Replica.Clock[hub.Self].Should().Be(0);
        pair.Initiator.Reports.Single().EventsRefused.Should().BeEmpty();
        (await edge.EventsAsync()).Should().HaveCount(2, "nothing waits for what does not come");
        hub.Replica.Clock[other.Self].Should().Be(1, "who may read nothing may have brought something");
    }

    [Fact]
    public async Task Of_a_log_that_a_peer_may_not_see_no_byte_leaves_and_both_can_be_in_sync()
    {
        var (hub, edge, hidden) = (new Node(1), new Node(2), new Node(0x7A6B5C4D));
        await hidden.WriteAsync(Some.Stream, Some.Stream);
        await hidden.MeetAsync(hub, PeerRights.All);
        await new Node(5).MeetAsync(hub, PeerRights.All);
        var rights = new PeerRights { CanSeeLog = origin => origin != hidden.Self };
        var lone = new Node(6);
        await lone.WriteAsync(Some.Stream);
        await lone.MeetAsync(hub, rights);

        var first = await edge.MeetAsync(hub, rights);
        var second = await edge.MeetAsync(hub, rights);

        byte[] id = [0x7A, 0x6B, 0x5C, 0x4D];
        first.Frames.Concat(second.Frames).Where(frame => frame.From is SyncRole.Responder)
            .Count(frame => frame.Frame.AsSpan().IndexOf(id) >= 0).Should().Be(0);
        edge.Replica.Clock[hidden.Self].Should().Be(0);
        edge.Replica.Clock[lone.Self].Should().Be(1);
        second.Initiator.Reports.Single().Mode.Should().Be(SyncMode.InSync);
    }

    [Fact]
    public async Task A_peer_that_may_bring_its_own_log_cannot_bring_that_of_another()
    {
        var (hub, edge, other) = (new Node(1), new Node(2), new Node(3));
        await other.WriteAsync(Some.Stream, Some.Stream);
        await edge.WriteAsync(Some.Stream);
        await edge.MeetAsync(other, PeerRights.All);
        var own = new PeerRights { CanWrite = brought => brought.Dot.Origin.Replica == edge.Self.Replica };

        var pair = await edge.MeetAsync(hub, own);

        var report = pair.Responder.Reports.Single();
        report.EventsRefused.Keys.Should().Contain(Admission.NotPermitted);
        report.Checkpoint.Should().BeNull();
        pair.Initiator.Reports.Single().EventsSent.Should().Be(1, "the hub confirms what it took");
        pair.Initiator.Reports.Single().Checkpoint.Should().BeNull();
        hub.Replica.Clock.Should().Be(VectorClock.Of(new Dot(edge.Self, 1)));
        (await hub.EventsAsync()).Should().ContainSingle();

        await other.MeetAsync(hub, PeerRights.All);
        await edge.MeetAsync(hub, own);
        hub.Replica.Clock.Should().Be(edge.Replica.Clock, "its writer may bring it");
    }

    [Fact]
    public async Task A_log_is_taken_up_to_the_first_event_in_a_stream_that_the_peer_may_not_write()
    {
        var (hub, edge) = (new Node(1), new Node(2));
        await edge.WriteAsync(Some.Stream, Secret, Some.Stream);
        var rights = new PeerRights { CanWrite = brought => brought.Envelope.StreamId != Secret };

        var pair = await edge.MeetAsync(hub, rights);

        hub.Replica.Clock[edge.Self].Should().Be(1);
        pair.Responder.Reports.Single().EventsRefused[Admission.NotPermitted].Should().Be(1);
        pair.Initiator.Reports.Single().EventsSent.Should().Be(1);
        pair.Initiator.Reports.Single().Checkpoint.Should().BeNull();
    }

    [Fact]
    public async Task Whoever_meets_whom_no_secret_gets_to_one_who_may_not_have_it_and_with_all_rights_all_converge()
    {
        var random = SeededRandom.Create();
        for (var run = 0; run < 30; run++)
        {
            var nodes = Enumerable.Range(1, 5).Select(number => new Node(number)).ToArray();
            for (var step = 0; step < 40; step++)
            {
                var (one, other) = (random.Next(5), random.Next(5));
                if (one == other)
                {
                    // The first two keep no secrets.
                    await nodes[one].WriteAsync(one > 1 && random.Next(3) == 0 ? Secret : Some.Stream);
                    continue;
                }

                // Each side lets only those have secrets who may; checkpoints of earlier rounds are remembered.
                await nodes[one].MeetAsync(
                    nodes[other], one > 1 ? PeerRights.All : NoSecrets, other > 1 ? PeerRights.All : NoSecrets);
                IReadOnlyList<SyncEvent> known = [.. await nodes[0].EventsAsync(), .. await nodes[1].EventsAsync()];
                known.Should().NotContain(one => one.Envelope.StreamId == Secret);
            }

            for (var round = 0; round < 2; round++)
            {
                foreach (var node in nodes[1..])
                {
                    await node.MeetAsync(nodes[0], PeerRights.All);
                }
            }

            nodes.Should().OnlyContain(node => node.Replica.Clock.Equals(nodes[0].Replica.Clock));
        }
    }

    /// <summary>A replica, its store, and the points that it remembers of each peer.</summary>
    private sealed class Node(int number)
    {
        private readonly Dictionary<Origin, VectorClock?> _checkpoints = [];

        public Replica Replica { get; } = Some.NewReplica(number);

        public InMemoryReplicaStore Store { get; } = new();

        public Origin Self => Replica.Self;

        public async Task<IReadOnlyList<SyncEvent>> EventsAsync()
        {
            var heads = await Store.ReadHeadsAsync();
            return await Store.ReadAsync(
                VectorClock.Empty, VectorClock.Of([.. heads.Select(head => head.Last)]), 10_000, int.MaxValue);
        }

        public async Task WriteAsync(params StreamId[] streams)
        {
            foreach (var stream in streams)
            {
                var envelope = EventEnvelope.Create(stream, "changed", "{}"u8.ToArray(), timeProvider: new ManualTime(Some.Noon));
                await Store.AppendAsync([Replica.Write(envelope)]);
            }
        }

        /// <summary>Calls another, which lets this one have what the rights say.</summary>
        public async Task<SessionPair> MeetAsync(Node other, PeerRights ofCaller, PeerRights? ofCalled = null)
        {
            var pair = new SessionPair(
                Side(SyncRole.Initiator, this, other, ofCalled ?? PeerRights.All), Side(SyncRole.Responder, other, this, ofCaller));
            await pair.RunAsync();
            (pair.Initiator.End, pair.Responder.End).Should().Be(((SyncOutput.Ended?)null, (SyncOutput.Ended?)null));
            _checkpoints[other.Self] = pair.Initiator.Reports.Single().Checkpoint;
            other._checkpoints[Self] = pair.Responder.Reports.Single().Checkpoint;
            return pair;
        }

        private static SessionSide Side(SyncRole role, Node node, Node peer, PeerRights ofPeer) =>
            new(role, node.Replica, new SyncOptions { IsTransportAuthenticated = true, BatchEvents = 3 }, node.Store)
            {
                Checkpoint = node._checkpoints.GetValueOrDefault(peer.Self),
                Rights = ofPeer,
            };
    }
}
