using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A replica in a process of its own whose heap may not grow beyond 32 MB.</summary>
public sealed class SmallReplicaTests(ITestOutputHelper output)
{
    private const int Missing = 1_000_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    [Trait("Row", "S14")]
    public async Task A_million_missing_events_a_thousand_differences_and_conflicts_fit_into_32_MB()
    {
        var store = new GeneratedStore(Missing);
        var options = SessionSide.Options();
        (options.PeerTimeout, options.AuthenticationTimeout) = (Patience, Patience);
        using var full = await ReplicaNode.OpenAsync(store, new ReplicaNodeOptions { Sync = options });
        var answered = new TaskCompletionSource<SyncOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = TcpSyncListener.Start(full, new IPEndPoint(IPAddress.Loopback, 0), onEnded: answered.SetResult);

        var lines = await RunAsync(listener.LocalEndPoint.Port);
        lines.ForEach(output.WriteLine);

        lines.Should().HaveCount(5);
        lines[0].Should().Be($"received {Missing} Completed");
        lines[1].Should().StartWith("different 1000 ");
        lines[2].Should().StartWith("conflicts 1000 ");
        lines[^1].Should().Be("done");
        (await answered.Task).Report!.EventsSent.Should().Be(Missing);
    }

    private static async Task<List<string>> RunAsync(int port)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "K1s0.EventStore.Sync.SmallReplica.dll"),
                port.ToString(CultureInfo.InvariantCulture),
                Convert.ToHexString(SessionSide.Key),
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_GCHeapHardLimit"] = "0x2000000";
        using var limit = new CancellationTokenSource(Patience);
        using var process = Process.Start(start)!;
        try
        {
            var lines = new List<string>();
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                lines.Add(line);
            }

            await process.WaitForExitAsync(limit.Token);
            process.ExitCode.Should().Be(0);
            return lines;
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>One log of so many events of about 200 bytes, made as they are read.</summary>
    private sealed class GeneratedStore : IReplicaStore
    {
        private readonly Origin _origin = Some.Origin(5);
        private readonly int _count;
        private SyncEvent? _last;
        private SyncEvent? _end;

        public GeneratedStore(int count) => _count = count;

        public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
            Task.FromResult<ReplicaIdentity?>(new ReplicaIdentity(Some.Origin(6), string.Empty));

        public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default)
        {
            for (var last = Next(null); ; last = Next(last))
            {
                if (last.Dot.Sequence == _count)
                {
                    _end = last;
                    return Task.FromResult<IReadOnlyList<OriginHead>>([new OriginHead(last.Dot, last.Hash, last.Time, VectorClock.Empty)]);
                }
            }
        }

        public Task<IReadOnlyList<SyncEvent>> ReadAsync(
            VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
        {
            var (page, bytes) = (new List<SyncEvent>(), 0L);
            (_last?.Dot.Sequence ?? 0).Should().Be(after[_origin], "it is read from beginning to end");
            while (page.Count < maxEvents && bytes < maxBytes && (_last?.Dot.Sequence ?? 0) < upTo[_origin])
            {
                page.Add(_last = Next(_last));
                bytes += _last.Size;
            }

            return Task.FromResult<IReadOnlyList<SyncEvent>>(page);
        }

        public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException($"Nobody writes; the end is {_end}.");

        private SyncEvent Next(SyncEvent? before)
        {
            var sequence = (before?.Dot.Sequence ?? 0) + 1;
            var payload = string.Create(
                CultureInfo.InvariantCulture, $$"""{"sensor":"hall-{{sequence % 50}}","celsius":{{sequence % 400}},"battery":"ok","firmware":"4.2.1"}""");
            var envelope = new EventEnvelope(
                new Guid((int)sequence, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
                Some.Stream,
                0,
                "measured",
                System.Text.Encoding.UTF8.GetBytes(payload),
                default,
                Some.Noon);
            return SyncEvent.Create(
                new Dot(_origin, sequence), new HybridTime(sequence), before?.Hash ?? SyncEvent.Genesis(_origin), VectorClock.Empty, envelope);
        }
    }
}
