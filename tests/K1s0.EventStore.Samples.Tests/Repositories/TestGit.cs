using System.Diagnostics;

namespace K1s0.EventStore.Samples.Tests.Repositories;

/// <summary>Runs git for a test, without the configuration of the user who runs it.</summary>
internal static class TestGit
{
    /// <summary>Runs git to its end, and fails when it fails.</summary>
    /// <param name="directory">Where it runs.</param>
    /// <param name="write">Writes its input; null for none.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(
        string directory, Func<Stream, Task>? write, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (write is not null)
        {
            await write(process.StandardInput.BaseStream);
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {await errors}");
    }
}
