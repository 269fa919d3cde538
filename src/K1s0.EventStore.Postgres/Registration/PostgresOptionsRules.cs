using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>The rules for <see cref="PostgresOptions"/> that are more than a range.</summary>
internal sealed class PostgresOptionsRules : IValidateOptions<PostgresOptions>
{
    /// <summary>The options, checked: for stores that are made without a container.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static PostgresOptions Checked(PostgresOptions? options)
    {
        options ??= new PostgresOptions();
        List<ValidateOptionsResult> results =
        [
            new PostgresOptionsValidator().Validate(null, options), new PostgresOptionsRules().Validate(null, options),
        ];
        var faults = results.SelectMany(result => result.Failures ?? []).ToArray();
        return faults.Length == 0 ? options : throw new ArgumentException(string.Join(' ', faults), nameof(options));
    }

    public ValidateOptionsResult Validate(string? name, PostgresOptions options)
    {
        List<string> faults = [];
        if (SchemaName.FirstFault(options.Schema) is { } fault)
        {
            faults.Add($"{nameof(options.Schema)}: {fault}");
        }

        CheckTime(faults, nameof(options.CommandTimeout), options.CommandTimeout, TimeSpan.FromSeconds(1),
            TimeSpan.FromMinutes(10));
        CheckTime(faults, nameof(options.RetryDelay), options.RetryDelay, TimeSpan.FromMilliseconds(1),
            TimeSpan.FromSeconds(5));
        if (options.PublishBoundEvery is { } interval)
        {
            CheckTime(faults, nameof(options.PublishBoundEvery), interval, TimeSpan.FromMilliseconds(20),
                TimeSpan.FromHours(1));
        }

        if (options.ConnectionString is { } connectionString)
        {
            CheckConnectionString(faults, nameof(options.ConnectionString), connectionString);
        }

        if (options.DoorbellConnectionString is { } doorbell)
        {
            CheckConnectionString(faults, nameof(options.DoorbellConnectionString), doorbell);
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static void CheckTime(List<string> faults, string option, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most)
        {
            faults.Add($"{option}: {value} is not between {least} and {most}.");
        }
    }

    private static void CheckConnectionString(List<string> faults, string option, string connectionString)
    {
        try
        {
            _ = new NpgsqlConnectionStringBuilder(PostgresUrl.ToConnectionString(connectionString));
        }
        catch (Exception e) when (e is ArgumentException or KeyNotFoundException or FormatException)
        {
            // The text of the exception could repeat the connection string, and with it a password.
            faults.Add($"{option}: it is neither keywords of Npgsql nor a "
                + "postgresql:// URL.");
        }
    }
}
