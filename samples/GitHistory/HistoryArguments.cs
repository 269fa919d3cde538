using System.Globalization;

namespace K1s0.EventStore.Samples.GitHistory;

/// <summary>What the command line asks for.</summary>
internal sealed record HistoryArguments
{
    public const string Usage =
        """
        GitHistory [path to a git repository] [--postgres <connection string>] [--schema <name>]
                   [--random-commits <number>] [--seed <number>]

        Appends one event for each changed file of the repository's first-parent history,
        and proves the result against git.
        """;

    /// <value>The current folder by default.</value>
    public string Repository { get; init; } = ".";

    /// <value>null by default: the store in memory.</value>
    public string? Postgres { get; init; }

    /// <value>git_history by default.</value>
    public string Schema { get; init; } = "git_history";

    /// <value>25 by default, besides HEAD.</value>
    public int RandomCommits { get; init; } = 25;

    /// <value>Drawn by chance by default, and printed.</value>
    public int Seed { get; init; } = Random.Shared.Next();

    /// <exception cref="FormatException">The message says what is wrong.</exception>
    public static HistoryArguments Parse(IReadOnlyList<string> arguments)
    {
        var parsed = new HistoryArguments();
        for (var i = 0; i < arguments.Count; i++)
        {
            var name = arguments[i];
            if (!name.StartsWith("--", StringComparison.Ordinal))
            {
                parsed = parsed with { Repository = name };
                continue;
            }

            var value = ++i < arguments.Count ? arguments[i] : throw new FormatException($"{name} needs a value.");
            parsed = name switch
            {
                "--postgres" => parsed with { Postgres = value },
                "--schema" => parsed with { Schema = value },
                "--random-commits" => parsed with { RandomCommits = ParseNumber(name, value) },
                "--seed" => parsed with { Seed = ParseNumber(name, value) },
                _ => throw new FormatException($"{name} is not known."),
            };
        }

        return parsed;
    }

    private static int ParseNumber(string name, string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"{name} needs a number from 0 to {int.MaxValue}, not '{value}'.");
}
