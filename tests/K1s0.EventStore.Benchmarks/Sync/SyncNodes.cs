using System.Globalization;
using System.Text;
using K1s0.EventStore.Sync;

namespace K1s0.EventStore.Benchmarks.Sync;

/// <summary>Replicas in this process.</summary>
internal static class SyncNodes
{
    private static readonly byte[] Key = new byte[SyncOptions.LeastKeyBytes];

    public static Task<ReplicaNode> OpenAsync() => ReplicaNode.OpenAsync(
        new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = Key } });

    public static async Task<SyncReport> MeetAsync(ReplicaNode caller, ReplicaNode callee)
    {
        var (toCallee, toCaller) = InMemorySyncTransport.CreatePair();
        var answering = callee.SynchroniseAsync(toCaller, SyncRole.Responder);
        var outcome = await caller.SynchroniseAsync(toCallee, SyncRole.Initiator);
        await answering;
        return outcome.Report ?? throw new InvalidOperationException($"{outcome.Reason}: {outcome.Detail}");
    }

    /// <summary>About 200 bytes.</summary>
    public static EventEnvelope SomeEvent(int number)
    {
        var payload = string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            {"sensor":"hall-{{number % 50}}","celsius":{{number % 400 / 10.0:F1}},"humidity":{{number % 61}},
            "battery":"ok","firmware":"4.2.1","room":"r{{number % 40}}"}
            """);
        return EventEnvelope.Create(
            new StreamId("sensor", (number % 50).ToString(CultureInfo.InvariantCulture)),
            "measured",
            Encoding.UTF8.GetBytes(payload));
    }
}
