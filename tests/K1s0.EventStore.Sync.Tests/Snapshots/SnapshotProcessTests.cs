using System.Diagnostics;
using System.Globalization;
using System.Net;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>A process that takes a snapshot into a directory and is killed again and again.</summary>
public sealed class SnapshotProcessTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 3;

    // 128 and the number of SIGKILL.
    private const int Killed = 137;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-snapshots-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_process_that_is_killed_at_any_moment_shows_the_old_state_or_the_new_one_and_takes_no_chunk_twice()
    {
        var random = SeededRandom.Create();
        var given = new InMemorySnapshotChunkStore();
        var options = SessionSide.Options();
        (options.PeerTimeout, options.AuthenticationTimeout) = (Patience, Patience);
        using var node = await ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = options, Snapshots = given });
        await using var listener = TcpSyncListener.Start(node, new IPEndPoint(IPAddress.Loopback, 0));
        Dictionary<string, string>? before = null;
        var kills = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            var state = SomeSnapshots.State(5_000, seed: round);
            var (manifest, _) = await SomeSnapshots.PublishAsync(given, state, SomeSnapshots.Head(1, round));
            var stored = new List<string>();
            var (isInstalled, hasEnded) = (false, false);

            // Each life gets a little further: the moments of its writes, from the first one on.
            while (!hasEnded)
            {
                var killAt = kills < 5 * round ? random.Next(1, 8) : 0;
                var lines = await RunAsync(listener.LocalEndPoint.Port, killAt);
                lines.Should().StartWith("taking");
                stored.AddRange(lines.Where(line => line.StartsWith("stored ", StringComparison.Ordinal)));
                isInstalled |= lines.Contains("installed");
                hasEnded = lines[^1].StartsWith("ended ", StringComparison.Ordinal);
                kills += hasEnded ? 0 : 1;
                if (hasEnded)
                {
                    lines[^1].Should().BeOneOf("ended Completed Installed", "ended Completed AlreadyInstalled");
                }

                using var store = new DirectorySnapshotChunkStore(_folder.FullName);
                var seen = await SomeSnapshots.ReadAsync(store);
                if (isInstalled)
                {
                    seen.Should().Equal(state);
                }
                else if (before is null)
                {
                    seen.Should().BeNull();
                }
                else
                {
                    seen.Should().Equal(before);
                }
            }

            // The one that is being stored when it dies may be stored and not said.
            stored.Should().OnlyHaveUniqueItems("no chunk comes twice");
            stored.Count.Should().BeLessThanOrEqualTo(manifest.Chunks.Count);
            before = new(state, StringComparer.Ordinal);
        }

        // What a kill left behind is removed by the next transfer.
        var (last, _) = await SomeSnapshots.PublishAsync(given, SomeSnapshots.State(10), SomeSnapshots.Head(1, Rounds + 1));
        (await RunAsync(listener.LocalEndPoint.Port, killAt: 0))[^1].Should().Be("ended Completed Installed");
        using var end = new DirectorySnapshotChunkStore(_folder.FullName);
        (await end.ReadDigestsAsync(SomeSnapshots.Name)).Should().BeEquivalentTo(last.Chunks.Select(chunk => chunk.Digest));
        output.WriteLine($"{kills} kills in {Rounds} snapshots");
        kills.Should().BeGreaterThanOrEqualTo(Rounds, "the first life of each is killed before it can end");
    }

    private async Task<List<string>> RunAsync(int port, int killAt)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [
                typeof(SnapshotProcessTests).Assembly.Location,
                "take-snapshot",
                port.ToString(CultureInfo.InvariantCulture),
                Convert.ToHexString(SessionSide.Key),
                _folder.FullName,
                killAt.ToString(CultureInfo.InvariantCulture),
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var limit = new CancellationTokenSource(Patience);
        using var process = Process.Start(start)!;
        try
        {
            // Both at once: a pipe that nobody reads would stop the process.
            var failing = process.StandardError.ReadToEndAsync(limit.Token);
            var lines = new List<string>();
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                lines.Add(line);
            }

            var failure = await failing;
            await process.WaitForExitAsync(limit.Token);

            // What dies of an exception was not killed.
            process.ExitCode.Should().BeOneOf(
                killAt == 0 ? [0] : [0, Killed], "it said {0}\n{1}", string.Join('\n', lines), failure);
            return lines;
        }
        finally
        {
            // Whatever comes next opens the same directory.
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }
}
