using System.Diagnostics;

namespace K1s0.EventStore.Samples.OfflineSync;

/// <summary>A node in a process of its own.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Process _process;

    private NodeProcess(Process process) => _process = process;

    public static NodeProcess Start(string file)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(dotnet, ["exec", typeof(NodeProcess).Assembly.Location, NodeProgram.Argument, file])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return new NodeProcess(Process.Start(start)!);
    }

    /// <summary>Gives a command and waits for the answer.</summary>
    public async Task<string> AskAsync(string command, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(command.AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        var answer = await _process.StandardOutput.ReadLineAsync(cancellationToken)
            ?? throw new StepFailedException($"the process ended before it answered '{command}'");
        return answer.StartsWith("failed", StringComparison.Ordinal)
            ? throw new StepFailedException($"'{command}' {answer}")
            : answer;
    }

    /// <summary>Kills it (SIGKILL): it gets no chance to tidy up.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
