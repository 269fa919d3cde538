using System.Diagnostics;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// A child process that does not outlive us: the kernel signals it when the thread that started it ends
/// (<c>setpriv --pdeathsig</c>). Each one therefore has a thread of its own, which lives exactly as long as the process.
/// </summary>
internal sealed class BoundProcess
{
    private const string Setpriv = "setpriv";
    private const string ServerUser = "postgres";

    private BoundProcess(Process process, Task<int> exited)
    {
        Id = process.Id;
        Output = process.StartInfo.RedirectStandardOutput ? process.StandardOutput : StreamReader.Null;
        Exited = exited;
    }

    public int Id { get; }

    /// <summary>What it writes, when the start info redirects it.</summary>
    public StreamReader Output { get; }

    /// <summary>Completes with the exit code (128 + n after signal n).</summary>
    public Task<int> Exited { get; }

    /// <summary>
    /// The command line that runs <paramref name="command"/> bound to us, and as user postgres when we are root
    /// (the servers refuse to run as root).
    /// </summary>
    public static IReadOnlyList<string> Bind(ProcessSignal deathSignal, bool asServerUser, IReadOnlyList<string> command)
    {
        if (InstalledPrograms.Find(Setpriv) is null)
        {
            return command;
        }

        string[] death = ["--pdeathsig", NameOf(deathSignal)];
        return asServerUser && Environment.IsPrivilegedProcess
            ? [Setpriv, .. AsServerUser, .. death, "--", .. command]
            : [Setpriv, .. death, "--", .. command];
    }

    /// <summary>The command line that runs <paramref name="command"/> as user postgres when we are root.</summary>
    public static IReadOnlyList<string> Unprivileged(IReadOnlyList<string> command) =>
        Environment.IsPrivilegedProcess ? [Setpriv, .. AsServerUser, "--", .. command] : command;

    /// <summary>A start info without our working directory and without environment variables that PostgreSQL reads.</summary>
    public static ProcessStartInfo StartInfo(IReadOnlyList<string> command)
    {
        var info = new ProcessStartInfo(command[0], command.Skip(1)) { WorkingDirectory = "/", UseShellExecute = false };
        foreach (var name in info.Environment.Keys.Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToList())
        {
            info.Environment.Remove(name);
        }

        return info;
    }

    /// <summary>Starts a server whose output is appended to a file: a pipe to us would break when we are killed.</summary>
    public static Task<BoundProcess> StartServerAsync(
        ProcessSignal deathSignal, string logFile, IReadOnlyList<string> command)
    {
        string[] logging = ["/bin/sh", "-c", "exec \"$@\" >>\"$0\" 2>&1 </dev/null", logFile];
        return StartAsync(StartInfo([.. logging, .. Bind(deathSignal, asServerUser: true, command)]));
    }

    public static async Task<BoundProcess> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        var exited = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => Live(info, started, exited))
        {
            IsBackground = true,
            Name = $"owner of {Path.GetFileName(info.FileName)}",
        };
        thread.Start();
        return new BoundProcess(await started.Task, exited.Task);
    }

    public void Signal(ProcessSignal signal)
    {
        if (!Exited.IsCompleted)
        {
            LinuxProcesses.Signal(Id, signal);
        }
    }

    private static IReadOnlyList<string> AsServerUser =>
        [$"--reuid={ServerUser}", $"--regid={ServerUser}", "--clear-groups", "--reset-env"];

    private static string NameOf(ProcessSignal signal) => signal switch
    {
        ProcessSignal.Interrupt => "INT",
        ProcessSignal.Kill => "KILL",
        ProcessSignal.Terminate => "TERM",
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "No process is bound with this signal."),
    };

    private static void Live(ProcessStartInfo info, TaskCompletionSource<Process> started, TaskCompletionSource<int> exited)
    {
        Process process;
        try
        {
            process = Process.Start(info)!;
        }
        catch (Exception e)
        {
            started.SetException(e);
            return;
        }

        started.SetResult(process);
        process.WaitForExit();
        exited.SetResult(process.ExitCode);
    }
}
