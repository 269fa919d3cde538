using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Reads a <c>postgresql://user:password@host:port/database?option=value</c> URL, the usual form of
/// <c>DATABASE_URL</c>.
/// </summary>
internal static class PostgresUrl
{
    /// <summary>The connection string in Npgsql's form; anything that is no such URL is returned as it is.</summary>
    /// <exception cref="ArgumentException">
    /// The URL cannot be understood. The message never repeats it: it holds a password.
    /// </exception>
    public static string ToConnectionString(string text)
    {
        if (!text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase)
            && !text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            return text;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            throw new ArgumentException("The connection URL is not a valid URL: percent-encode special characters in "
                + "it.", nameof(text));
        }

        var builder = new NpgsqlConnectionStringBuilder();
        if (url.Host.Length > 0)
        {
            builder.Host = url.Host;
        }

        if (url.Port > 0)
        {
            builder.Port = url.Port;
        }

        if (url.AbsolutePath.Length > 1)
        {
            builder.Database = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        }

        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }

        if (user.Length == 2)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }

        foreach (var option in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            AddOption(builder, option);
        }

        return builder.ConnectionString;
    }

    private static void AddOption(NpgsqlConnectionStringBuilder builder, string option)
    {
        var parts = option.Split('=', 2);
        var name = Uri.UnescapeDataString(parts[0]);
        var value = parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : string.Empty;

        // libpq's names that Npgsql spells otherwise.
        var keyword = name switch
        {
            "sslmode" => "SSL Mode",
            "application_name" => "Application Name",
            "connect_timeout" => "Timeout",
            "dbname" => "Database",
            "user" => "Username",
            _ => name,
        };
        try
        {
            builder[keyword] = keyword is "SSL Mode" ? value.Replace("-", string.Empty, StringComparison.Ordinal)
                : value;
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException or FormatException)
        {
            throw new ArgumentException($"The connection URL has an option that is not understood: {name}.",
                nameof(option), e);
        }
    }
}
