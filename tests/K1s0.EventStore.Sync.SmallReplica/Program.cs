using System.Diagnostics;
using System.Globalization;
using System.Net;
using K1s0.EventStore;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync;
using K1s0.EventStore.Sync.SmallReplica;

// <port> <key in hexadecimal digits>: catches up with the replica that listens there, then compares and resolves, all
// within the heap that DOTNET_GCHeapHardLimit leaves. Prints one line for each, and "done".
var store = new HeadsOnlyStore();
// The machine may be busy with other tests.
var options = new ReplicaNodeOptions
{
    Sync = new SyncOptions
    {
        SharedKey = Convert.FromHexString(args[1]),
        PeerTimeout = TimeSpan.FromMinutes(10),
        AuthenticationTimeout = TimeSpan.FromMinutes(5),
    },
};
using var node = await ReplicaNode.OpenAsync(store, options);
var transport = await TcpSyncListener.ConnectAsync(
    new IPEndPoint(IPAddress.Loopback, int.Parse(args[0], CultureInfo.InvariantCulture)));
var outcome = await node.SynchroniseAsync(transport, SyncRole.Initiator);
Say($"received {outcome.Report?.EventsReceived} {outcome.Reason}");

var items = Enumerable.Range(0, 10_000)
    .Select(number => new MerkleItem(BitConverter.GetBytes(number), Sha256Digest.Of(BitConverter.GetBytes(number)))).ToArray();
var (whole, partial) = (MerkleIndex.Build(items), MerkleIndex.Build(items[1_000..]));
MerkleDiff.Between(whole, partial);
var began = Stopwatch.GetTimestamp();
var difference = MerkleDiff.Between(whole, partial);
Say($"different {difference.OnlyLocal.Count} {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F1} ms");

var view = new ConflictView(new ConflictRules().Otherwise(ConflictPolicy.LastWriteWins));
Replica[] writers = [.. Enumerable.Range(0, 2).Select(_ => new Replica(ReplicaId.Create(), new HybridClock(TimeProvider.System)))];
var (slowest, conflicts) = (TimeSpan.Zero, 0);
for (var i = 0; i < 1_000; i++)
{
    foreach (var writer in writers)
    {
        var written = writer.Write(EventEnvelope.Create(new StreamId("user", $"{i}"), "changed", "{}"u8.ToArray()));
        began = Stopwatch.GetTimestamp();
        conflicts += view.Apply(written) is null ? 0 : 1;
        var took = Stopwatch.GetElapsedTime(began);
        slowest = i > 10 && took > slowest ? took : slowest;
    }
}

Say($"conflicts {conflicts} slowest {slowest.TotalMilliseconds:F3} ms");
Say($"heap limit {AppContext.GetData("GCHeapHardLimit") ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes}");
Say($"done");

static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
