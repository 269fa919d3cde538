using System.Diagnostics;
using System.Globalization;
using System.Net;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>
/// What runs in a process of its own: <c>take-snapshot {port} {key} {directory} {kill at}</c> takes a snapshot into a
/// directory, prints what it does, and kills itself (SIGKILL) at that of the writes which the last argument names; 0
/// for none.
/// </summary>
internal static class SnapshotTakingProcess
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var directory = new DirectorySnapshotChunkStore(arguments[2]);
        var store = new KillingStore(directory, int.Parse(arguments[3], CultureInfo.InvariantCulture));
        using var node = await ReplicaNode.OpenAsync(new InMemoryReplicaStore(), new ReplicaNodeOptions
        {
            // The machine may be busy with other tests.
            Sync = new SyncOptions
            {
                SharedKey = Convert.FromHexString(arguments[1]),
                PeerTimeout = TimeSpan.FromMinutes(5),
                AuthenticationTimeout = TimeSpan.FromMinutes(5),
                WindowBytes = 128 * 1024,
            },
            Snapshots = store,
        });
        var port = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        Say("taking");
        var outcome = await node.Snapshots.TakeAsync(
            await TcpSyncListener.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)), SomeSnapshots.Name, 1);
        Say($"ended {outcome.Reason} {outcome.Snapshot!.End}");
        return 0;
    }

    private static void Say(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }

    private sealed class KillingStore(ISnapshotChunkStore inner, int killAt) : ISnapshotChunkStore
    {
        private int _moment;

        public Task<ReadOnlyMemory<byte>?> ReadInstalledAsync(string name, CancellationToken cancellationToken = default) =>
            inner.ReadInstalledAsync(name, cancellationToken);

        public async Task InstallAsync(string name, ReadOnlyMemory<byte> manifest, CancellationToken cancellationToken = default)
        {
            Die();
            await inner.InstallAsync(name, manifest, cancellationToken);
            Say("installed");
            Die();
        }

        public Task<IReadOnlyCollection<Sha256Digest>> ReadDigestsAsync(string name, CancellationToken cancellationToken = default) =>
            inner.ReadDigestsAsync(name, cancellationToken);

        public Task<ReadOnlyMemory<byte>?> ReadChunkAsync(string name, SnapshotChunk chunk, CancellationToken cancellationToken = default) =>
            inner.ReadChunkAsync(name, chunk, cancellationToken);

        public async Task WriteChunkAsync(
            string name, SnapshotChunk chunk, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
        {
            Die();
            await inner.WriteChunkAsync(name, chunk, content, cancellationToken);
            Say($"stored {chunk.Digest}");
            Die();
        }

        public async Task RemoveChunksAsync(
            string name, IReadOnlyCollection<Sha256Digest> digests, CancellationToken cancellationToken = default)
        {
            Die();
            await inner.RemoveChunksAsync(name, digests, cancellationToken);
            Say($"removed {digests.Count}");
            Die();
        }

        private void Die()
        {
            if (++_moment == killAt)
            {
                using var self = Process.GetCurrentProcess();
                self.Kill();
                Thread.Sleep(Timeout.Infinite);
            }
        }
    }
}
