using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Adds the parameters of the archive's statements, in their order.</summary>
internal static class ArchiveParameters
{
    public static void AddValue(this NpgsqlParameterCollection parameters, long number) =>
        parameters.Add(new NpgsqlParameter<long> { TypedValue = number });

    public static void AddValue(this NpgsqlParameterCollection parameters, int number) =>
        parameters.Add(new NpgsqlParameter<int> { TypedValue = number });

    public static void AddValue(this NpgsqlParameterCollection parameters, string text) =>
        parameters.Add(new NpgsqlParameter<string> { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text });

    public static void AddValue(this NpgsqlParameterCollection parameters, DateTimeOffset time) =>
        parameters.Add(
            new NpgsqlParameter<DateTime> { TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });

    public static void AddValue(this NpgsqlParameterCollection parameters, Sha256Digest digest) =>
        parameters.AddOptional(NpgsqlDbType.Bytea, digest.IsNone ? null : digest.ToArray());

    public static void AddValues<TValue>(
        this NpgsqlParameterCollection parameters, NpgsqlDbType type, IEnumerable<TValue> values) =>
        parameters.Add(
            new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | type, Value = values.ToArray() });

    public static void AddMonths(this NpgsqlParameterCollection parameters, IReadOnlyList<MonthDigest> months)
    {
        parameters.AddValues(NpgsqlDbType.TimestampTz, months.Select(month => month.Month.UtcDateTime));
        parameters.AddValues(NpgsqlDbType.Bigint, months.Select(month => month.EventCount));
        parameters.AddValues(NpgsqlDbType.Bigint, months.Select(month => month.First.Value));
        parameters.AddValues(NpgsqlDbType.Bigint, months.Select(month => month.Last.Value));
        parameters.AddValues(NpgsqlDbType.Bytea, months.Select(month => month.Digest.ToArray()));
    }

    public static void AddOptional(this NpgsqlParameterCollection parameters, NpgsqlDbType type, object? value) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = type, Value = value ?? DBNull.Value });
}
