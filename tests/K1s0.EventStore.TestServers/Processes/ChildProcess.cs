using System.Reflection;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// A .NET program that runs as a process of its own, so that a test can kill it. It does not outlive this process.
/// </summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private readonly BoundProcess _process;

    private ChildProcess(BoundProcess process) => _process = process;

    /// <summary>The process id.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Completes with the exit code; a killed process has 137.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>
    /// Starts the program of an assembly with arguments. What it writes to its standard output is read by
    /// <see cref="ReadLineAsync"/>; what it writes to its standard error joins ours. It has our environment, with
    /// <paramref name="environment"/> on top.
    /// </summary>
    public static async Task<ChildProcess> StartAsync(
        Assembly program, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ArgumentNullException.ThrowIfNull(program);
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        string[] command = [host, "exec", program.Location, .. arguments];
        var info = BoundProcess.StartInfo(BoundProcess.Bind(ProcessSignal.Kill, asServerUser: false, command));
        info.RedirectStandardOutput = true;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            info.Environment[name] = value;
        }

        return new ChildProcess(await BoundProcess.StartAsync(info));
    }

    /// <summary>The next line of its output, or null when it has ended.</summary>
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken = default) =>
        _process.Output.ReadLineAsync(cancellationToken).AsTask();

    /// <summary>Kills it (SIGKILL) and returns when it is gone.</summary>
    public async Task KillAsync()
    {
        _process.Signal(ProcessSignal.Kill);
        await _process.Exited;
    }

    /// <summary>Freezes it (SIGSTOP) and returns when it stands still.</summary>
    public async Task FreezeAsync()
    {
        _process.Signal(ProcessSignal.Stop);
        await Poll.UntilAsync(
            () => Exited.IsCompleted || LinuxProcesses.IsStopped(ProcessId), () => $"process {ProcessId} to stand still");
    }

    /// <summary>Lets a frozen process go on (SIGCONT).</summary>
    public void Thaw() => _process.Signal(ProcessSignal.Continue);

    /// <summary>Kills it when it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Output.Dispose();
    }
}
