using System.Globalization;
using System.Runtime.InteropServices;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>What one must know to believe a figure.</summary>
internal static class Surroundings
{
#if DEBUG
    private const string BuildKind = "DEBUG build: the figures mean nothing";
#else
    private const string BuildKind = "Release build";
#endif

    public static async Task<string> DescribeAsync(BenchmarkServer server, RunOptions options)
    {
        await using var database = await server.CreateDatabaseAsync();
        var described = await database.DescribeAsync();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {RuntimeInformation.FrameworkDescription}, {BuildKind}
            {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}
            {described}
            {options.Repetitions} repetitions of {options.Seconds} s each side, in turns; medians
            """);
    }
}
