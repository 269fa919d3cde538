using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>The messages of gossip, whoever sent them, and the way they go.</summary>
public sealed class GossipMessageTests
{
    private readonly Random _random = SeededRandom.Create();

    [Fact]
    public void A_message_is_read_as_it_was_written_and_has_one_encoding()
    {
        var frame = Full().ToFrame(FrameType.Gossip);

        Read(frame).Should().BeEquivalentTo(Full());
        Read(frame)!.ToFrame(FrameType.Gossip).Should().Equal(frame);
        Convert.ToHexString(new GossipMessage { Address = "a:1", Incarnation = 2, Digest = 3, Session = true }
            .ToFrame(FrameType.Gossip)).Should().Be("28" + "03" + "0000000000000003" + "03613A31" + "02" + "00" + "00" + "00" + "00");
    }

    [Fact]
    public void A_message_that_is_cut_anywhere_is_refused()
    {
        var frame = Full().ToFrame(FrameType.Gossip);
        for (var length = 1; length < frame.Length; length++)
        {
            Read(frame.AsSpan(0, length)).Should().BeNull($"{length} bytes");
        }

        Read([.. frame, 0]).Should().BeNull("bytes follow");
        Read([FrameType.Gossip, .. new byte[GossipMessage.MaxBytes + 1]]).Should().BeNull("it is too long");
    }

    [Fact]
    public void A_message_that_was_changed_is_refused_or_holds_what_one_may_hold()
    {
        var frame = Full().ToFrame(FrameType.Gossip);
        var refused = Mutations.CountRefused(100_000, _random, mutator =>
        {
            var changed = mutator.ChangeBehindFirst(frame, mostChanges: 4);
            if (Read(changed.Span) is { } read)
            {
                Assert.InRange(read.Rumours.Count, 0, GossipMessage.MaxRumours);
                Assert.InRange(read.Heads.Count, 0, GossipMessage.MaxHeads);
                Assert.InRange(read.Incarnation, 0, GossipMessage.MaxIncarnation);
                Assert.True(changed.Span.SequenceEqual(read.ToFrame(FrameType.Gossip)), "each message has one encoding");
                return false;
            }

            return true;
        });

        refused.Should().BeInRange(1_000, 99_000);
    }

    [Fact]
    public void Counts_that_lie_reserve_nothing()
    {
        // No digest, no addresses, and then a count of rumours, or of heads, that is not there.
        foreach (var lie in new byte[][] { [0xFF, 0xFF, 0xFF, 0x7F], [32], [0, 64], [0, 0xFF, 0xFF, 0x7F] })
        {
            byte[] frame = [FrameType.Gossip, 0, 0, 0, 0, 0, .. lie];
            Read(frame).Should().BeNull();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Read(frame);
            (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1_000);
        }
    }

    [Fact]
    public async Task Members_speak_over_the_port_of_their_sessions_and_with_the_key_only()
    {
        var time = new ManualTime(Some.Noon);
        using var node = await OpenAsync(SessionSide.Key, time);
        await using var listener = TcpSyncListener.Start(node, new IPEndPoint(IPAddress.Loopback, 0));
        var request = new GossipMessage { Address = "caller:1", Session = true, Digest = 7 }.ToFrame(FrameType.Gossip);

        (await CallAsync(listener, SessionSide.Key, request)).Should().BeNull("it takes no part");

        node.Gossip = new GossipNode(new GossipOptions { Address = "here:1" }, time, _random.NextDouble);
        await node.WriteAsync(Some.Envelope());
        node.Gossip.Tick(node.Clock);
        var answer = await CallAsync(listener, SessionSide.Key, request);
        (answer!.Address, answer.Session, answer.Heads.Single().Last).Should().Be(("here:1", true, new Dot(node.Self, 1)));
        node.Gossip.Members.Should().ContainSingle().Which.Should().Be(new MemberStatus("caller:1", MemberState.Alive));

        var refused = () => CallAsync(listener, new byte[32], request);
        await refused.Should().ThrowAsync<IOException>();
        node.Gossip.Members.Should().ContainSingle();
        (await CallAsync(listener, SessionSide.Key, request[..5], mayBreak: true)).Should().BeNull("it cannot be read");
    }

    [Fact]
    public async Task What_a_peer_may_not_learn_of_gossip_does_not_tell_it()
    {
        var time = new ManualTime(Some.Noon);
        using var node = await ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(),
            new ReplicaNodeOptions
            {
                Sync = new SyncOptions { SharedKey = SessionSide.Key, RightsOf = static _ => PeerRights.None },
            },
            time);
        node.Gossip = new GossipNode(new GossipOptions { Address = "here:1" }, time, _random.NextDouble);
        await node.WriteAsync(Some.Envelope());
        node.Gossip.Tick(node.Clock);
        await using var listener = TcpSyncListener.Start(node, new IPEndPoint(IPAddress.Loopback, 0));

        var answer = await CallAsync(
            listener, SessionSide.Key, new GossipMessage { Address = "caller:1", Session = true, Digest = 7 }.ToFrame(FrameType.Gossip));

        (answer!.Digest, answer.Heads.Count, answer.Session).Should().Be(((ulong?)null, 0, false));
    }

    [Fact]
    public async Task Who_has_not_proved_itself_may_answer_with_no_large_frame()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using var peer = await listener.AcceptTcpClientAsync();
        var header = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(header, Handshake.MaxFrameBytes + 1);
        await peer.GetStream().WriteAsync(header);
        await using var transport = new StreamSyncTransport(client.GetStream());
        using var call = new GossipCall(transport, new SyncOptions { SharedKey = SessionSide.Key });

        var refused = () => call.RunAsync([], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));

        (await refused.Should().ThrowAsync<InvalidFormatException>()).WithMessage("*1089*");
    }

    [Fact]
    public void Telling_those_who_may_not_see_a_log_does_not_count()
    {
        var origin = Some.Origin(1);
        var all = VectorClock.Of([new Dot(origin, 3)]);
        var heads = new GossipHeads();
        heads.Look(all);
        for (var i = 0; i < 5; i++)
        {
            heads.Tell(new GossipView(VectorClock.Empty, null, _ => 0), 1_000, times: 2).Should().BeEmpty();
        }

        var told = Enumerable.Range(0, 3).Select(_ => heads.Tell(new GossipView(all, 1, _ => 7), 1_000, times: 2).Count);

        told.Should().Equal(1, 1, 0);
    }

    private static Task<ReplicaNode> OpenAsync(byte[] key, TimeProvider time) => ReplicaNode.OpenAsync(
        new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = key } }, time);

    private static async Task<GossipMessage?> CallAsync(
        TcpSyncListener listener, byte[] key, byte[] request, bool mayBreak = false)
    {
        await using var transport = await TcpSyncListener.ConnectAsync(listener.LocalEndPoint);
        try
        {
            using var call = new GossipCall(transport, new SyncOptions { SharedKey = key });
            return await call.RunAsync(request, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (IOException) when (mayBreak)
        {
            return null;
        }
    }

    private static GossipMessage? Read(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame[1..]);
        return GossipMessage.Read(ref reader);
    }

    private static GossipMessage Full() => new()
    {
        Session = true,
        Digest = 0x0102030405060708,
        Address = "node-1.example:7000",
        Incarnation = 3,
        Probe = "node-2.example:7000",
        Reached = "node-3.example:7000",
        Rumours =
        [
            new MemberRumour("node-4.example:7000", 0, MemberState.Alive),
            new MemberRumour("node-5.example:7000", 300, MemberState.Suspect),
            new MemberRumour("node-6.example:7000", 1L << 40, MemberState.Dead),
        ],
        Heads = [new HeadNews(new Dot(Some.Origin(1), 5), 9), new HeadNews(new Dot(Some.Origin(2, 77), 1L << 50), ulong.MaxValue)],
    };
}
