using K1s0.EventStore.Benchmarks.Comparing;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>What every command that measures was asked for.</summary>
/// <param name="Names">The names of the scenarios to run; null for all that the command has.</param>
/// <param name="Seconds">How long each side works in each repetition.</param>
/// <param name="Repetitions">How often each side works.</param>
/// <param name="JsonFile">Where the results go as JSON; null for nowhere.</param>
/// <param name="Postgres">The server to use; null for one of our own.</param>
internal sealed record RunOptions(
    IReadOnlyList<string>? Names = null,
    double Seconds = 2,
    int Repetitions = 3,
    string? JsonFile = null,
    string? Postgres = null)
{
    private const double QuickSeconds = 0.3;

    /// <summary>Reads all words.</summary>
    /// <param name="words">The words behind the command.</param>
    /// <param name="own">Reads a word that only this command knows, and its value; false for an unknown one.</param>
    /// <exception cref="UsageException">Something is wrong with the words.</exception>
    public static RunOptions Parse(ArgumentReader words, Func<string, bool> own)
    {
        var options = new RunOptions();
        while (words.TryNext() is { } word)
        {
            options = word switch
            {
                "--only" => options with { Names = Split(words.Value(word)) },
                "--seconds" => options with { Seconds = words.Number(word, 0.05, 600) },
                "--repetitions" => options with { Repetitions = words.WholeNumber(word, 3, 99) },
                "--quick" => options with { Seconds = QuickSeconds },
                "--json" => options with { JsonFile = JsonPath(words.Value(word)) },
                "--postgres" => options with { Postgres = ConnectionString(words.Value(word)) },
                _ => own(word) ? options : throw new UsageException($"There is no option '{word}'. See --help."),
            };
        }

        return options;
    }

    /// <summary>Those of the scenarios that were asked for.</summary>
    /// <exception cref="UsageException">A name is none of theirs; the message has all names.</exception>
    public IReadOnlyList<IScenario> Choose(IReadOnlyList<IScenario> all)
    {
        if (Names is null)
        {
            return all;
        }

        var unknown = Names.Except(all.Select(scenario => scenario.Name), StringComparer.Ordinal).ToList();
        return unknown.Count > 0
            ? throw new UsageException(
                $"--only does not know '{string.Join("', '", unknown)}'. There are: "
                + $"{string.Join(", ", all.Select(scenario => scenario.Name))}.")
            : [.. all.Where(scenario => Names.Contains(scenario.Name, StringComparer.Ordinal))];
    }

    private static string[] Split(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is { Length: > 0 } names
            ? names
            : throw new UsageException("--only needs names.");

    private static string ConnectionString(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text).ConnectionString;
        }
        catch (ArgumentException e)
        {
            // The message names the keyword; the text itself may hold a password.
            throw new UsageException($"--postgres needs a connection string of Npgsql: {e.Message}");
        }
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
