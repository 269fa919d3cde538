using System.Diagnostics;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>Runs the programs that were built beside the tests.</summary>
internal static class Programs
{
    /// <summary>Runs one to its end; what it writes to its standard error joins ours.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string assembly, params string[] arguments)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(dotnet, [Path.Combine(AppContext.BaseDirectory, assembly), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }
}
