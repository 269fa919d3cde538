using System.Diagnostics;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>The worker in a process of its own, so that it can be killed.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    private WorkerProcess(Process process) => _process = process;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts this program once more, as the worker.</summary>
    public static WorkerProcess Start(string connectionString)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(
            dotnet, ["exec", typeof(WorkerProcess).Assembly.Location, Arguments.Worker, connectionString])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
        };
        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>Kills it (SIGKILL): it gets no chance to tidy up.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        _process.Kill();
        await _process.WaitForExitAsync(cancellationToken);
    }

    /// <summary>Asks it to end, and waits until it has.</summary>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
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
