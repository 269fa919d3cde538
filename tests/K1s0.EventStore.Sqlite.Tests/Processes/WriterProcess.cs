using System.Diagnostics;
using System.Globalization;

namespace K1s0.EventStore.Sqlite.Tests.Processes;

/// <summary>A real process that appends, and what it said.</summary>
internal sealed class WriterProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly Process _process;
    private readonly CancellationTokenSource _limit = new(Patience);

    private WriterProcess(Process process) => _process = process;

    public static WriterProcess Start(
        string file,
        SqliteDurability durability,
        int seed,
        int appendsPerLane = 0,
        string? shellPrefix = null,
        int killAt = 0)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string[] command =
        [
            dotnet,
            Path.Combine(AppContext.BaseDirectory, "K1s0.EventStore.Sqlite.CrashWriter.dll"),
            file,
            durability.ToString(),
            seed.ToString(CultureInfo.InvariantCulture),
            appendsPerLane.ToString(CultureInfo.InvariantCulture),
            killAt.ToString(CultureInfo.InvariantCulture),
        ];
        var start = shellPrefix is null
            ? new ProcessStartInfo(command[0], command[1..])
            : new ProcessStartInfo("/bin/bash", ["-c", $"{shellPrefix} exec \"$@\"", "bash", .. command]);
        start.UseShellExecute = false;
        start.RedirectStandardOutput = true;
        return new WriterProcess(Process.Start(start)!);
    }

    /// <summary>Reads on until so many acknowledgements have come, or a line that begins like this.</summary>
    public async Task ReadUntilAsync(AppendHistory history, int acknowledgements, string? line = null)
    {
        for (var seen = 0; seen < acknowledgements;)
        {
            var read = await _process.StandardOutput.ReadLineAsync(_limit.Token);
            if (read is null || (line is not null && read.StartsWith(line, StringComparison.Ordinal)))
            {
                return;
            }

            seen += history.Note(read) ? 1 : 0;
        }
    }

    /// <summary>Sends SIGKILL, and reads what was said before.</summary>
    public async Task KillAsync(AppendHistory history)
    {
        _process.Kill();
        await ReadUntilAsync(history, int.MaxValue);
        await _process.WaitForExitAsync(_limit.Token);
    }

    /// <summary>Reads to the end.</summary>
    public async Task<int> EndAsync(AppendHistory history)
    {
        await ReadUntilAsync(history, int.MaxValue);
        await _process.WaitForExitAsync(_limit.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
        _limit.Dispose();
    }
}
