using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Reads options out of configuration by hand: a binder would need reflection, or a generator in every application.
/// </summary>
internal static class PostgresConfiguration
{
    /// <summary>Sets the options that the section names; a key that is missing changes nothing.</summary>
    /// <exception cref="FormatException">A value is not of its option's type; the message names the key.</exception>
    public static void Apply(PostgresOptions options, IConfiguration section)
    {
        options.ConnectionString = section[nameof(options.ConnectionString)] ?? options.ConnectionString;
        options.DoorbellConnectionString =
            section[nameof(options.DoorbellConnectionString)] ?? options.DoorbellConnectionString;
        options.UseDoorbell = ReadFlag(section, nameof(options.UseDoorbell), options.UseDoorbell);
        options.Schema = section[nameof(options.Schema)] ?? options.Schema;
        options.PageSize = Read(section, nameof(options.PageSize), options.PageSize);
        options.MonthsAhead = Read(section, nameof(options.MonthsAhead), options.MonthsAhead);
        options.MaxRetries = Read(section, nameof(options.MaxRetries), options.MaxRetries);
        options.HeadCacheSize = Read(section, nameof(options.HeadCacheSize), options.HeadCacheSize);
        options.MaxWriters = Read(section, nameof(options.MaxWriters), options.MaxWriters);
        options.MaxQueuedAppends = Read(section, nameof(options.MaxQueuedAppends), options.MaxQueuedAppends);
        options.CommandTimeout = Read(section, nameof(options.CommandTimeout), options.CommandTimeout);
        options.RetryDelay = Read(section, nameof(options.RetryDelay), options.RetryDelay);
        options.MigrateOnStart = ReadFlag(section, nameof(options.MigrateOnStart), options.MigrateOnStart);
        options.PrepareStatements = ReadFlag(section, nameof(options.PrepareStatements), options.PrepareStatements);
        options.AllowUnsafeDurability = ReadFlag(section, nameof(options.AllowUnsafeDurability),
            options.AllowUnsafeDurability);
        if (section[nameof(options.PublishBoundEvery)] is not null)
        {
            options.PublishBoundEvery = Read(section, nameof(options.PublishBoundEvery), TimeSpan.Zero);
        }
    }

    private static TValue Read<TValue>(IConfiguration section, string key, TValue fallback)
        where TValue : IParsable<TValue> =>
        section[key] switch
        {
            null => fallback,
            { } text when TValue.TryParse(text, CultureInfo.InvariantCulture, out var value) => value,
            { } text => throw Misfit(key, text),
        };

    private static bool ReadFlag(IConfiguration section, string key, bool fallback) =>
        section[key] switch
        {
            null => fallback,
            { } text when bool.TryParse(text, out var value) => value,
            { } text => throw Misfit(key, text),
        };

    private static FormatException Misfit(string key, string text) => new($"The option {key} cannot be \"{text}\".");
}
