using System.Diagnostics;

namespace K1s0.EventStore.TestServers;

/// <summary>Runs a program to its end.</summary>
internal static class Command
{
    /// <summary>Returns what the program wrote to its standard output.</summary>
    /// <exception cref="ServerFailedException">It ended with another exit code than 0; the message has its output.</exception>
    public static async Task<string> RunAsync(
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null)
    {
        var info = BoundProcess.StartInfo(command);
        info.RedirectStandardInput = true;
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input ?? string.Empty);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new ServerFailedException(
                $"{string.Join(' ', command)} ended with {process.ExitCode}:\n{await output}{await error}");
        }

        return await output;
    }
}
