using System.Globalization;
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

        // Taken apart by hand: unlike System.Uri, libpq lets the host be empty, a socket's folder, or several.
        var (address, query) = Split(text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..], '?');
        var (authority, database) = Split(address, '/');
        var at = authority.LastIndexOf('@');
        var builder = new NpgsqlConnectionStringBuilder();
        AddHost(builder, authority[(at + 1)..]);
        if (database.Length > 0)
        {
            builder.Database = Uri.UnescapeDataString(database);
        }

        if (at >= 0)
        {
            AddUser(builder, authority[..at]);
        }

        foreach (var option in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            AddOption(builder, option);
        }

        return builder.ConnectionString;
    }

    private static (string Before, string After) Split(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, string.Empty) : (text[..at], text[(at + 1)..]);
    }

    private static void AddUser(NpgsqlConnectionStringBuilder builder, string user)
    {
        var (name, password) = Split(user, ':');
        if (name.Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(name);
        }

        if (password.Length > 0)
        {
            builder.Password = Uri.UnescapeDataString(password);
        }
    }

    private static void AddHost(NpgsqlConnectionStringBuilder builder, string host)
    {
        if (host.Contains(',', StringComparison.Ordinal))
        {
            // Several hosts, each with its port: the driver has the same form.
            builder.Host = Uri.UnescapeDataString(host);
            return;
        }

        var end = host.StartsWith('[') ? host.IndexOf(']', StringComparison.Ordinal) : -1;
        var (name, port) = end < 0
            ? Split(host, ':')
            : (host[1..end], host[(end + 1)..].TrimStart(':'));
        if (name.Length > 0)
        {
            builder.Host = name.Contains('[', StringComparison.Ordinal) ? throw NoAddress(host)
                : Uri.UnescapeDataString(name);
        }

        if (port.Length > 0)
        {
            builder.Port = ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number > 0
                ? number
                : throw NoAddress(host);
        }
    }

    private static ArgumentException NoAddress(string host) => new(
        "The connection URL has no valid host or port: percent-encode special characters in user and password.",
        nameof(host));

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
        if (!TrySet(builder, keyword, keyword is "SSL Mode" ? value.Replace("-", string.Empty,
            StringComparison.Ordinal) : value))
        {
            // Without the driver's exception, which repeats the value.
            throw new ArgumentException($"The connection URL has an option that is not understood: {name}.",
                nameof(option));
        }
    }

    private static bool TrySet(NpgsqlConnectionStringBuilder builder, string keyword, string value)
    {
        try
        {
            builder[keyword] = value;
            return true;
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException or FormatException)
        {
            return false;
        }
    }
}
