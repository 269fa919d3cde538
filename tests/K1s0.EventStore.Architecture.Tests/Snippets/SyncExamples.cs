using System.Net;
using FluentAssertions;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync;
using Xunit;

// The examples stand here as an application writes them, without the token of a test run.
#pragma warning disable xUnit1051

namespace K1s0.EventStore.Architecture.Tests.Snippets;

/// <summary>The examples of the README of the Sync package, run.</summary>
public sealed class SyncExamples
{
    [Fact]
    public void The_clock_example_says_what_its_comments_say()
    {
        // snippet: sync-clocks
        var (laptop, phone) = (new Origin(ReplicaId.Create(), 0), new Origin(ReplicaId.Create(), 0));

        var onLaptop = VectorClock.Empty.Increment(laptop);
        var onPhone = VectorClock.Empty.Increment(phone);
        var relation = onLaptop.Compare(onPhone); // Concurrent

        var both = onLaptop.Merge(onPhone);
        relation = both.Compare(onPhone); // After

        // end-snippet
        onLaptop.Compare(onPhone).Should().Be(CausalRelation.Concurrent);
        relation.Should().Be(CausalRelation.After);
    }

    [Fact]
    public void The_replica_example_delivers_the_event_once()
    {
        var user = new StreamId("user", "123");

        // snippet: sync-replicas
        var edge = new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System));
        var server = new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System));

        var written = edge.Write(EventEnvelope.Create(user, "email-changed", "\"ada@example.org\""u8.ToArray()));

        var delivered = new List<DeliveredEvent>();
        var admission = server.Admit(written.Event, delivered); // Delivered; a second time: Duplicate

        // end-snippet
        admission.Should().Be(Admission.Delivered);
        server.Admit(written.Event, delivered).Should().Be(Admission.Duplicate);
        delivered.Should().ContainSingle();
    }

    [Fact]
    public async Task The_gossip_example_calls_nobody_that_it_does_not_know()
    {
        var (options, known) = (new SyncHostOptions(), new HashSet<string>(StringComparer.Ordinal));

        // snippet: sync-gossip
        options.Gossip = new GossipOptions
        {
            Address = "shop-7.example:7100", // where this node is reached, as ConnectAsync understands it
            Seeds = { "shop-1.example:7100", "shop-2.example:7100" },
            ConnectAsync = (address, token) => known.Contains(address)
                ? TcpSyncListener.ConnectAsync(new DnsEndPoint(address.Split(':')[0], 7100), token)
                : throw new IOException($"{address} is none of ours."),
        };

        // end-snippet
        options.Gossip.Seeds.Should().HaveCount(2);
        var call = () => options.Gossip.ConnectAsync("elsewhere.example:22", CancellationToken.None);
        await call.Should().ThrowAsync<IOException>();
    }

    [Fact]
    public void The_critical_example_names_streams_and_a_receiver()
    {
        var (key, rung) = (new byte[32], new List<EventEnvelope>());
        Action<EventEnvelope> ring = rung.Add;

        // snippet: sync-critical
        var node = new ReplicaNodeOptions
        {
            Sync = new SyncOptions { SharedKey = key, IsCritical = stream => stream.AggregateType is "alarm" },
            OnAhead = alarm => ring(alarm.Envelope), // perhaps more than once, and not part of the history yet
        };

        // end-snippet
        var writer = new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System));
        var alarm = writer.Write(EventEnvelope.Create(new StreamId("alarm", "7"), "raised", "{}"u8.ToArray()));
        node.OnAhead(alarm.Event);
        rung.Should().ContainSingle().Which.StreamId.Should().Match<StreamId>(stream => node.Sync.IsCritical(stream));
    }

    [Fact]
    public async Task The_forks_example_gives_up_a_branch_and_reads_it()
    {
        var (copied, reviewed) = (new Origin(ReplicaId.Create(), 1), new List<Dot>());
        using var node = await OpenWithLogAsync(copied, length: 1);
        using var peer = await OpenWithLogAsync(copied, length: 2);
        Action<Dot, EventEnvelope> review = (dot, _) => reviewed.Add(dot);
        var synchronise = async () =>
        {
            var (toPeer, toNode) = InMemorySyncTransport.CreatePair();
            var answering = peer.SynchroniseAsync(toNode, SyncRole.Responder);
            var called = await node.SynchroniseAsync(toPeer, SyncRole.Initiator);
            await answering;
            return called;
        };
        var outcome = await synchronise();

        // snippet: sync-forks
        foreach (var log in outcome.Report!.Forks)
        {
            node.Branches.Adopt(log); // on every replica that may hold the branch that loses, for peers that are trusted
        }

        outcome = await synchronise(); // or as SyncHost does it: SyncReport.BranchesAdopted, and then the views are built anew

        await foreach (var givenUp in node.Branches.ReadGivenUpAsync())
        {
            review(givenUp.Dot, givenUp.Envelope);
        }

        // end-snippet
        outcome.Report!.BranchesAdopted.Should().Equal(new AdoptedBranch(copied, 1, 1));
        reviewed.Should().Equal(new Dot(copied, 1));
    }

    [Fact]
    public async Task The_queue_example_delivers_its_operation_once()
    {
        var folder = Directory.CreateTempSubdirectory("k1s0-queue-example-");
        try
        {
            var store = new InMemoryEventStore();
            var room = new StreamId("room", "7");

            // snippet: sync-receiver
            var receiver = new OperationReceiver(store, (operation, _) => Task.FromResult(
                operation.Kind is "book"
                    ? OperationDecision.Apply(new StreamAppend(room, [EventEnvelope.Create(room, "booked", operation.PayloadUtf8)]))
                    : OperationDecision.Reject("nobody here knows how to do that.")));

            // end-snippet
            var server = receiver;
            await using var file = new SqliteStoreFile(
                new SqliteOptions { FilePath = Path.Combine(folder.FullName, "device.db") });

            // snippet: sync-queue
            using var queue = await OfflineQueue.OpenAsync(new EventStoreQueueStore(new SqliteEventStore(file)));

            var receipt = await queue.EnqueueAsync(
                new QueuedOperation(Guid.CreateVersion7(), "book", "room-7", """{"nights":2}"""u8.ToArray())); // durable

            var delivered = await queue.DrainAsync(server); // as often as there may be a connection
            var status = queue.Status; // what waits, its bytes, the connection and how good it is

            // end-snippet
            (receipt.WasRepeated, delivered, status.Waiting).Should().Be((false, 1, 0));
            (await store.LoadAsync(room)).Should().ContainSingle();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task The_transaction_example_commits()
    {
        var (store, here, there) = (new InMemoryEventStore(), new InMemoryEventStore(), new InMemoryEventStore());
        var peers = new Dictionary<string, ITransactionPeer>(StringComparer.Ordinal)
        {
            ["berlin"] = new TransactionParticipant("berlin", here),
            ["lima"] = new TransactionParticipant("lima", there),
        };
        var (from, to, fromVersion) = (new StreamId("account", "1"), new StreamId("account", "2"), default(StreamVersion));
        var withdrawn = EventEnvelope.Create(from, "withdrawn", "5"u8.ToArray());
        var deposited = EventEnvelope.Create(to, "deposited", "5"u8.ToArray());

        // snippet: sync-transaction
        var coordinator = new TransactionCoordinator("hq", store, name => peers.GetValueOrDefault(name));

        var outcome = await coordinator.ExecuteAsync(new Dictionary<string, IReadOnlyList<StreamAppend>>(StringComparer.Ordinal)
        {
            ["berlin"] = [new StreamAppend(from, [withdrawn], ExpectedVersion.Exactly(fromVersion))],
            ["lima"] = [new StreamAppend(to, [deposited])],
        });

        // end-snippet
        outcome.Status.Should().Be(TransactionStatus.Committed);
        (await there.LoadAsync(to)).Should().ContainSingle();
    }

    [Fact]
    public async Task The_merkle_example_finds_what_is_missing_there()
    {
        var documents = Enumerable.Range(0, 500)
            .Select(number => (Key: BitConverter.GetBytes(number), Content: BitConverter.GetBytes(number * 7L))).ToArray();
        var index = MerkleIndex.Build(documents[1..].Select(one => new MerkleItem(one.Key, Sha256Digest.Of(one.Content))));

        // snippet: sync-merkle
        var here = MerkleIndex.Build(documents.Select(one => new MerkleItem(one.Key, Sha256Digest.Of(one.Content))));

        var comparison = new MerkleDiff(here);
        while (comparison.NextRequest() is { } request)
        {
            comparison.Accept(await AskAsync(request)); // over there: MerkleDiff.Answer(index, request)
        }

        var missingThere = comparison.Result.OnlyLocal;

        // end-snippet
        missingThere.Should().ContainSingle().Which.Key.ToArray().Should().Equal(documents[0].Key);

        Task<byte[]> AskAsync(byte[] request) => Task.FromResult(MerkleDiff.Answer(index, request));
    }

    [Fact]
    public void The_conflict_example_resolves()
    {
        var (replica, headquarters) = (new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System)), ReplicaId.Create());
        var user = new StreamId("user", "123");
        var delivered = replica.Write(EventEnvelope.Create(user, "stock-changed", """{"delta":-5}"""u8.ToArray()));

        // snippet: sync-conflicts
        var rules = new ConflictRules { Authority = headquarters }
            .Add("email-changed", "email", ConflictPolicy.LastWriteWins)
            .Add("status-changed", "status", ConflictPolicy.OnlineWins)
            .Add("stock-changed", "stock", ConflictPolicy.Counter(e => e.Payload.GetProperty("delta").GetInt64()))
            .Add("profile-changed", "profile", ConflictPolicy.Merge(new ProfileMerge()));

        var view = new ConflictView(rules);
        var conflict = view.Apply(delivered); // null, or the winner and the losers

        // end-snippet
        conflict.Should().BeNull();
        (view.Counter(new ConflictKey(user, "stock")) == -5).Should().BeTrue();
    }

    [Fact]
    public async Task The_node_example_meets_a_server()
    {
        var folder = Directory.CreateTempSubdirectory("k1s0-readme-");
        var (key, user) = (new byte[32], new StreamId("user", "123"));
        using var other = await ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = key } });
        await using var listener = TcpSyncListener.Start(other, new IPEndPoint(IPAddress.Loopback, 0));
        try
        {
            var outcome = await MeetAsync(Path.Combine(folder.FullName, "edge.db"), "machine", key, user, listener.LocalEndPoint);
            outcome.IsCompleted.Should().BeTrue(outcome.Detail);
            outcome.Report!.EventsSent.Should().Be(1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<SyncOutcome> MeetAsync(
        string path, string machineId, byte[] key, StreamId user, IPEndPoint server)
    {
        // snippet: sync-nodes
        await using var file = new SqliteStoreFile(new SqliteOptions { FilePath = path });
        var store = new EventStoreReplicaStore(new SqliteEventStore(file));
        using var node = await ReplicaNode.OpenAsync(
            store, new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = key }, Installation = machineId });

        await node.WriteAsync(EventEnvelope.Create(user, "email-changed", "\"ada@example.org\""u8.ToArray()));

        var outcome = await node.SynchroniseAsync(await TcpSyncListener.ConnectAsync(server), SyncRole.Initiator);

        // end-snippet
        return outcome;
    }

    public static async Task<object?> RepairAsync(ReplicaNode node, IPEndPoint server)
    {
        // snippet: sync-repair
        var scrub = await node.ScrubAsync(); // after a start, and once in a while

        var outcome = await node.SynchroniseAsync(await TcpSyncListener.ConnectAsync(server), SyncRole.Initiator);
        var repaired = outcome.Report?.EventsRepaired; // durable; RepairsRefused says that the peer gave others
        var left = node.Damaged; // what this peer could not give: ask another

        // end-snippet
        return (scrub, repaired, left);
    }

    private sealed class ProfileMerge : IStateMerge<int>
    {
        public int Read(EventEnvelope envelope) => envelope.PayloadUtf8.Length;

        public int Merge(int left, int right) => Math.Max(left, right);
    }

    private static async Task<ReplicaNode> OpenWithLogAsync(Origin copied, int length)
    {
        var (store, events) = (new InMemoryReplicaStore(), new List<DeliveredEvent>());
        var writer = Replica.Resume(
            copied, [], new HybridClock(TimeProvider.System), new ReplicaOptions { ContinueUnwitnessed = true });
        while (events.Count < length)
        {
            events.Add(writer.Write(EventEnvelope.Create(new StreamId("user", "7"), "renamed", "{}"u8.ToArray())));
        }

        await store.WriteIdentityAsync(new ReplicaIdentity(new Origin(ReplicaId.Create(), 1), string.Empty));
        await store.AppendAsync(events);
        return await ReplicaNode.OpenAsync(
            store, new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = new byte[32] } });
    }
}
