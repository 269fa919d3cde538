using System.Globalization;

namespace K1s0.EventStore.Postgres;

/// <summary>The names under which options are read from the environment and from configuration.</summary>
public static class PostgresEnvironment
{
    /// <summary>The connection: keywords of Npgsql or a <c>postgresql://</c> URL.</summary>
    public const string DatabaseUrl = "DATABASE_URL";

    /// <summary>The schema.</summary>
    public const string Schema = "EVENT_STORE_SCHEMA";

    /// <summary>The page size.</summary>
    public const string BatchSize = "EVENT_STORE_BATCH_SIZE";

    /// <summary>
    /// Sets the options that the variables name; a variable that is missing or empty changes nothing.
    /// </summary>
    /// <param name="options">The options.</param>
    /// <param name="read">Gives the value of a variable, or null.</param>
    /// <exception cref="FormatException">A number is expected and is not there.</exception>
    internal static void Apply(PostgresOptions options, Func<string, string?> read)
    {
        if (read(DatabaseUrl) is { Length: > 0 } url)
        {
            options.ConnectionString = url;
        }

        if (read(Schema) is { Length: > 0 } schema)
        {
            options.Schema = schema;
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
