using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What many members come to know of each other and of their logs, in virtual time.</summary>
public sealed class GossipSimulationTests(ITestOutputHelper output)
{
    // One run each time, unless somebody sets a seed: nothing here depends on threads or on the machine.
    private readonly Random _random = Environment.GetEnvironmentVariable("K1S0_TEST_SEED") is { Length: > 0 }
        ? SeededRandom.Create()
        : new Random(20_260_504);

    [Theory]
    [Trait("Row", "S13")]
    [InlineData(3, 0.0)]
    [InlineData(32, 0.0)]
    [InlineData(32, 0.2)]
    [InlineData(200, 0.0)]
    [InlineData(200, 0.2)]
    public void All_members_come_to_hold_the_same_without_a_hub(int count, double loss)
    {
        var network = new GossipNetwork(count, _random) { Loss = loss };
        foreach (var node in network.Nodes)
        {
            node.Write();
        }

        var joined = network.RunUntil(() => network.AllHoldTheSame() && IsMembershipWhole(network, loss), 120);
        network.Nodes[0].Clock.Count.Should().Be(count);
        var (messages, bytes) = (network.Messages, network.Bytes);
        network.ResetCounts();
        network.Nodes[^1].Write();
        var spread = network.RunUntil(network.AllHoldTheSame, 60);
        output.WriteLine(
            $"{count} members, loss {loss}: all hold the same after {joined} intervals, {messages} messages, {bytes} bytes; "
            + $"one more event after {spread}, {network.Sessions} sessions, largest message {network.LargestMessage}");

        joined.Should().BeInRange(1, 120);
        spread.Should().BeInRange(1, 60);
        network.LargestMessage.Should().BeLessThanOrEqualTo(GossipMessage.MaxBytes);

        // A call and its answer in an interval, and what is said to others about those that do not answer.
        messages.Should().BeLessThan((long)(count * (joined + 1) * (loss > 0 ? 16 : 4)));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(32)]
    [InlineData(200)]
    public void A_partition_heals_and_the_healing_is_no_storm(int count)
    {
        var network = new GossipNetwork(count, _random);
        network.RunUntil(() => IsMembershipWhole(network, 0), 120).Should().BeGreaterThan(0);

        network.IsCut = (one, other) => IsLeft(one, network) != IsLeft(other, network);
        for (var i = 0; i < 40; i++)
        {
            network.Nodes[_random.Next(count)].Write();
            network.Run(1);
        }

        network.AllHoldTheSame().Should().BeFalse("they are apart");
        network.ResetCounts();
        network.IsCut = static (_, _) => false;

        var healed = network.RunUntil(() => network.AllHoldTheSame() && IsMembershipWhole(network, 0), 200);
        output.WriteLine(
            $"{count} members: healed after {healed} intervals, {network.Sessions} sessions, at most {network.MostSessions} "
            + $"at one member in a second");
        healed.Should().BeInRange(1, 200);

        // Two of its own at a time, and what it grants: four a second, twenty after a quiet time.
        network.MostSessions.Should().BeLessThan(27);
        network.Sessions.Should().BeLessThan(count * 10);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(32)]
    public void Members_that_go_are_missed_and_found_again_and_nobody_else_is(int count)
    {
        var network = new GossipNetwork(count, _random);
        network.RunUntil(network.AllKnowAll, 120).Should().BeGreaterThan(0);

        network.Nodes[^1].IsUp = false;
        var missed = network.RunUntil(network.AllKnowAll, 120);
        network.Nodes[^1].IsUp = true;
        var found = network.RunUntil(network.AllKnowAll, 120);

        output.WriteLine($"{count} members: missed by all after {missed} intervals, found by all after {found}");
        missed.Should().BeInRange(1, 120);
        found.Should().BeInRange(1, 120);
        network.Nodes[0].State.Members.TakeChanges().Select(change => change.Address)
            .Distinct(StringComparer.Ordinal)
            .Should().Equal(network.Nodes[^1].Address);
    }

    [Fact]
    public void A_member_that_only_some_reach_is_kept_because_others_reach_it()
    {
        var network = new GossipNetwork(8, _random);
        network.RunUntil(network.AllKnowAll, 60).Should().BeGreaterThan(0);

        // 0 and 7 do not reach each other; all the others do.
        network.IsCut = (one, other) => (one, other) is var pair
            && ((pair.one == network.Nodes[0] && pair.other == network.Nodes[7])
                || (pair.one == network.Nodes[7] && pair.other == network.Nodes[0]));
        network.Run(60);

        network.Nodes.SelectMany(node => node.State.Members.TakeChanges()).Should().BeEmpty("nobody was given up");
    }

    [Fact]
    public void Three_hundred_lies_do_no_more_than_a_table_and_a_message_hold()
    {
        var network = new GossipNetwork(6, _random);
        network.RunUntil(network.AllKnowAll, 60).Should().BeGreaterThan(0);
        var victim = network.Nodes[2];
        for (var i = 0; i < 300; i++)
        {
            network.Exchange(victim, new GossipMessage
            {
                Address = $"liar-{i}.example:1",
                Incarnation = GossipMessage.MaxIncarnation,
                Session = true,
                Digest = (ulong)i,
                Probe = network.Nodes[_random.Next(6)].Address,
                Reached = network.Nodes[3].Address,
                Rumours =
                [
                    .. network.Nodes.Select(node => new MemberRumour(node.Address, GossipMessage.MaxIncarnation, MemberState.Dead)),
                    .. Enumerable.Range(0, 20).Select(n => new MemberRumour($"ghost-{i}-{n}.example:1", 0, MemberState.Alive)),
                ],
                Heads = [new HeadNews(new Dot(Some.Origin(_random.Next(1, 1000)), long.MaxValue), 1)],
            });
        }

        victim.State.Members.All.Count().Should().BeLessThanOrEqualTo(72);
        victim.State.Members.Incarnation.Should().Be(0, "nobody believes so late a time");
        victim.State.Members.Find(network.Nodes[0].Address)!.State.Should().Be(MemberState.Alive, "a seed is not forgotten");
        victim.Clock.Should().Be(VectorClock.Empty);

        // Small steps it contradicts, one by one.
        network.Exchange(victim, new GossipMessage { Rumours = [new MemberRumour(victim.Address, 5, MemberState.Dead)] });
        victim.State.Members.Incarnation.Should().Be(6);

        foreach (var node in network.Nodes)
        {
            node.Write();
        }

        network.ResetCounts();
        network.RunUntil(() => network.AllHoldTheSame() && network.AllKnowMembers(), 200).Should().BeInRange(1, 200);
        network.MostSessions.Should().BeLessThan(40);
    }

    [Fact]
    public void Who_says_that_it_has_something_else_and_has_not_is_asked_more_and_more_rarely()
    {
        var options = new GossipOptions { Address = "here" };
        options.Seeds.Add("liar");
        var (state, now, sessions) = (new GossipState(options, _random.NextDouble), Some.Noon, 0);
        var view = new GossipView(VectorClock.Empty, 1, _ => 0);
        for (var second = 0; second < 600; second++, now += TimeSpan.FromSeconds(1))
        {
            foreach (var call in state.Tick(now, VectorClock.Empty).OfType<GossipAction.Call>())
            {
                var answer = new GossipMessage { Address = "liar", Session = true, Digest = (ulong)second + 2 };
                foreach (var begun in state.Answered(call, answer, view, now).OfType<GossipAction.Synchronise>())
                {
                    sessions++;
                    state.SessionEnded(begun.Address, hasMoved: false, isInSync: false, now);
                }
            }
        }

        sessions.Should().BeInRange(5, 20);
    }

    [Fact]
    public void A_server_grants_so_many_sessions_and_no_more()
    {
        var (state, now) = (new GossipState(new GossipOptions { Address = "server" }, _random.NextDouble), Some.Noon);
        var view = new GossipView(VectorClock.Empty, 1, _ => 0);
        var granted = new List<int>();
        for (var second = 0; second < 20; second++, now += TimeSpan.FromSeconds(1))
        {
            granted.Add(Enumerable.Range(0, 1_000).Count(caller => state.Answer(
                new GossipMessage { Address = $"caller-{caller}", Session = true, Digest = 2 }, view, now).Session));
        }

        granted[0].Should().Be(20);
        granted.Skip(1).Should().OnlyContain(count => count == 4);
        state.Answer(new GossipMessage { Session = true, Digest = 1 }, view, now + TimeSpan.FromMinutes(1)).Session
            .Should().BeFalse("they hold the same");
    }

    [Fact]
    public async Task Without_gossip_calls_alone_bring_everything_everywhere()
    {
        var nodes = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(),
            new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = SessionSide.Key } },
            new ManualTime(Some.Noon))));
        await Task.WhenAll(nodes.Select(node => node.WriteAsync(Some.Envelope())));
        var rounds = 0;
        while (nodes.Select(node => node.Clock).Distinct().Count() > 1)
        {
            // Each calls its neighbour and nobody else.
            foreach (var (number, node) in nodes.Index())
            {
                var (there, here) = InMemorySyncTransport.CreatePair();
                var answering = nodes[(number + 1) % nodes.Length].SynchroniseAsync(here, SyncRole.Responder);
                (await node.SynchroniseAsync(there, SyncRole.Initiator)).IsCompleted.Should().BeTrue();
                await answering;
            }

            (++rounds).Should().BeLessThanOrEqualTo(16);
        }

        nodes[0].Clock.Count.Should().Be(16);
        nodes.ToList().ForEach(node => node.Dispose());
    }

    [Fact]
    public void The_same_chance_gives_the_same_run()
    {
        var seed = _random.Next();
        var runs = Enumerable.Range(0, 2).Select(_ =>
        {
            var network = new GossipNetwork(20, new Random(seed)) { Loss = 0.1 };
            network.Nodes[3].Write();
            network.Run(40);
            return (network.Messages, network.Bytes, network.Sessions);
        }).ToList();

        runs[0].Should().Be(runs[1]);
    }

    private static bool IsLeft(GossipNetwork.Node node, GossipNetwork network) =>
        network.Nodes.Take(network.Nodes.Count / 2).Contains(node);

    // Where calls get lost, somebody is suspected now and then.
    private static bool IsMembershipWhole(GossipNetwork network, double loss) =>
        network.Nodes.Count <= GossipMembers.MaxFull
            ? loss > 0 ? network.AllKnowMembers() : network.AllKnowAll()
            : network.IsConnected()
                && network.Nodes.All(node => node.State.Members.LiveCount <= 42
                    && (loss > 0 || node.State.Members.LiveCount >= GossipMembers.MaxFull - 7));
}
