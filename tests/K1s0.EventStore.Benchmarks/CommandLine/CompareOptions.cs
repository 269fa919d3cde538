using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>What <c>compare</c> was asked for.</summary>
/// <param name="Only">The scenarios to run.</param>
/// <param name="Seconds">How long each side works in each repetition.</param>
/// <param name="Repetitions">How often each side works.</param>
/// <param name="JsonFile">Where the results go as JSON; null for nowhere.</param>
/// <param name="Postgres">The server to use; null for one of our own.</param>
internal sealed record CompareOptions(
    IReadOnlyList<IScenario> Only, double Seconds, int Repetitions, string? JsonFile, string? Postgres)
{
    private const double QuickSeconds = 0.3;

    /// <exception cref="UsageException">Something is wrong with the words.</exception>
    public static CompareOptions Parse(ArgumentReader words)
    {
        var options = new CompareOptions(Catalogue.All(), Seconds: 2, Repetitions: 3, JsonFile: null, Postgres: null);
        while (words.TryNext() is { } word)
        {
            options = word switch
            {
                "--only" => options with { Only = Chosen(words.Value(word)) },
                "--seconds" => options with { Seconds = words.Number(word, 0.05, 600) },
                "--repetitions" => options with { Repetitions = words.WholeNumber(word, 3, 99) },
                "--quick" => options with { Seconds = QuickSeconds },
                "--json" => options with { JsonFile = JsonPath(words.Value(word)) },
                "--postgres" => options with { Postgres = words.Value(word) },
                _ => throw new UsageException($"compare does not know '{word}'."),
            };
        }

        return options;
    }

    private static List<IScenario> Chosen(string list)
    {
        var all = Catalogue.All();
        var names = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var unknown = names.Except(all.Select(scenario => scenario.Name), StringComparer.Ordinal).ToList();
        return unknown.Count > 0 || names.Length == 0
            ? throw new UsageException(
                $"--only does not know '{string.Join("', '", unknown)}'. There are: "
                + $"{string.Join(", ", all.Select(scenario => scenario.Name))}.")
            : [.. all.Where(scenario => names.Contains(scenario.Name, StringComparer.Ordinal))];
    }

    // Said before minutes of work, not after.
    private static string JsonPath(string path)
    {
        var full = Path.GetFullPath(path);
        return Directory.Exists(Path.GetDirectoryName(full)) && !Directory.Exists(full)
            ? full
            : throw new UsageException($"--json cannot write '{path}': it is a folder, or its folder is missing.");
    }
}
