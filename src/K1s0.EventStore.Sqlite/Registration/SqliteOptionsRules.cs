using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Sqlite;

/// <summary>The rules for <see cref="SqliteOptions"/> that are more than a range.</summary>
internal sealed class SqliteOptionsRules : IValidateOptions<SqliteOptions>
{
    private static readonly TimeSpan LeastBusyTimeout = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MostBusyTimeout = TimeSpan.FromMinutes(10);

    /// <summary>The options, checked: for stores that are made without a container.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static SqliteOptions Checked(SqliteOptions options)
    {
        List<ValidateOptionsResult> results =
        [
            new SqliteOptionsValidator().Validate(null, options), new SqliteOptionsRules().Validate(null, options),
        ];
        var faults = results.SelectMany(result => result.Failures ?? []).ToArray();
        return faults.Length == 0 ? options : throw new ArgumentException(string.Join(' ', faults), nameof(options));
    }

    public ValidateOptionsResult Validate(string? name, SqliteOptions options)
    {
        List<string> faults = [];
        if (options.BusyTimeout < LeastBusyTimeout || options.BusyTimeout > MostBusyTimeout)
        {
            faults.Add(
                $"{nameof(options.BusyTimeout)}: {options.BusyTimeout} is not between {LeastBusyTimeout} and "
                + $"{MostBusyTimeout}.");
        }

        if (!Enum.IsDefined(options.Durability))
        {
            faults.Add($"{nameof(options.Durability)}: {options.Durability} is no level.");
        }

        if (options.FilePath is { Length: > 0 } path && FirstFault(path) is { } fault)
        {
            faults.Add($"{nameof(options.FilePath)}: {fault}");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static string? FirstFault(string path) =>
        path.AsSpan().ContainsAny(Path.GetInvalidPathChars()) ? "it holds a character that no path may hold."
        : Path.EndsInDirectorySeparator(path) ? "it names a folder; name a file in it."
        : path is ":memory:" || path.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            ? "SQLite's special names are not supported; name a file, or call UseInMemory for a store in memory."
        : null;
}
