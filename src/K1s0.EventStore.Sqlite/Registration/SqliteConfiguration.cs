using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Reads options out of configuration by hand: a binder would need reflection, or a generator in every application.
/// </summary>
internal static class SqliteConfiguration
{
    /// <summary>Sets the options that the section names; a key that is missing changes nothing.</summary>
    /// <exception cref="FormatException">A value is not of its option's type; the message names the key.</exception>
    public static void Apply(SqliteOptions options, IConfiguration section)
    {
        options.FilePath = section[nameof(options.FilePath)] ?? options.FilePath;
        options.PageSize = Read(section, nameof(options.PageSize), options.PageSize);
        options.MaxReaders = Read(section, nameof(options.MaxReaders), options.MaxReaders);
        options.MaxQueuedWrites = Read(section, nameof(options.MaxQueuedWrites), options.MaxQueuedWrites);
        options.BusyTimeout = Read(section, nameof(options.BusyTimeout), options.BusyTimeout);
        options.MigrateOnOpen = section[nameof(options.MigrateOnOpen)] switch
        {
            null => options.MigrateOnOpen,
            { } text when bool.TryParse(text, out var value) => value,
            { } text => throw Misfit(nameof(options.MigrateOnOpen), text),
        };
        options.Durability = section[nameof(options.Durability)] switch
        {
            null => options.Durability,
            { } text when Enum.TryParse<SqliteDurability>(text, ignoreCase: true, out var value) => value,
            { } text => throw Misfit(nameof(options.Durability), text),
        };
    }

    private static TValue Read<TValue>(IConfiguration section, string key, TValue fallback)
        where TValue : IParsable<TValue> =>
        section[key] switch
        {
            null => fallback,
            { } text when TValue.TryParse(text, CultureInfo.InvariantCulture, out var value) => value,
            { } text => throw Misfit(key, text),
        };

    private static FormatException Misfit(string key, string text) => new($"The option {key} cannot be \"{text}\".");
}
