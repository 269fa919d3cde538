using System.Globalization;

namespace K1s0.EventStore.Sqlite;

/// <summary>The names under which options are read from the environment.</summary>
public static class SqliteEnvironment
{
    /// <summary>The path of the file.</summary>
    public const string FilePath = "EVENT_STORE_SQLITE_FILE";

    /// <summary>The page size.</summary>
    public const string BatchSize = "EVENT_STORE_BATCH_SIZE";

    /// <summary>
    /// Sets the options that the variables name; a variable that is missing or empty changes nothing.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <param name="read">Gives the value of a variable, or null.</param>
    /// <exception cref="FormatException">A number is expected and is not there.</exception>
    internal static void Apply(SqliteOptions options, Func<string, string?> read)
    {
        if (read(FilePath) is { Length: > 0 } path)
        {
            options.FilePath = path;
        }

        if (read(BatchSize) is { Length: > 0 } size)
        {
            options.PageSize = int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new FormatException(
                    $"The environment variable {BatchSize} must be a whole number, not \"{size}\".");
        }
    }
}
