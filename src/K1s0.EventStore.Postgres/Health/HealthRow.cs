using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>What <c>check_health</c> sees.</summary>
internal sealed record HealthRow(
    int SchemaVersion,
    long Bound,
    long LastPosition,
    int? HolderPid,
    string? HolderApplication,
    TimeSpan? HeldFor,
    long Partitions,
    bool IsNextMonthReady,
    bool IsStandby,
    PreparedTransaction? HolderPrepared)
{
    public static HealthRow Read(NpgsqlDataReader reader) => new(
        reader.GetInt32(0),
        reader.GetInt64(2),
        reader.GetInt64(3),
        reader.IsDBNull(4) ? null : reader.GetInt32(4),
        reader.IsDBNull(5) ? null : reader.GetString(5),
        reader.IsDBNull(6) ? null : TimeSpan.FromSeconds(reader.GetDouble(6)),
        reader.GetInt64(7),
        reader.GetBoolean(8),
        reader.GetBoolean(9),
        PreparedTransaction.Read(reader, 10));

    public (HealthStatus Status, string Fault)? FirstFault(TimeSpan longestHold)
    {
        if (SchemaVersion != PostgresSchema.SupportedVersion)
        {
            return (
                HealthStatus.Unhealthy,
                $"The schema has version {SchemaVersion}, this library works with {PostgresSchema.SupportedVersion}.");
        }

        if (HeldFor > longestHold)
        {
            return (
                HealthStatus.Degraded,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The feed has been held back for {HeldFor.Value.TotalSeconds:F0} s by {Holder()}"));
        }

        if (HolderPid is not null && HeldFor is null)
        {
            return (
                HealthStatus.Degraded,
                $"The feed is held back by process {HolderPid}; for how long is not visible to this role: grant it "
                + "pg_read_all_stats.");
        }

        return IsNextMonthReady || IsStandby
            ? null
            : (HealthStatus.Degraded, "Next month has no partition: run PostgresSchema.EnsurePartitionsAsync, and "
                + "check that upkeep runs.");
    }

    private string Holder() =>
        HolderPrepared is { } prepared
            ? $"the prepared transaction {prepared.Gid}, which nobody has decided. {prepared.Advice()}"
            : $"the open transaction of process {HolderPid} ({HolderApplication}).";

    public IReadOnlyDictionary<string, object> ToData()
    {
        var data = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["schemaVersion"] = SchemaVersion,
            ["settledBound"] = Bound,
            ["lastPosition"] = LastPosition,
            ["partitions"] = Partitions,
            ["nextMonthReady"] = IsNextMonthReady,
            ["standby"] = IsStandby,
        };
        if (HolderPid is { } pid)
        {
            data["holderPid"] = pid;
            data["holderApplication"] = HolderApplication ?? string.Empty;
            data["heldSeconds"] = HeldFor?.TotalSeconds ?? 0;
        }
        else if (HolderPrepared is { } prepared)
        {
            data["holderGid"] = prepared.Gid;
            data["holderOwner"] = prepared.Owner;
            data["holderDatabase"] = prepared.Database;
            data["heldSeconds"] = HeldFor?.TotalSeconds ?? 0;
        }

        return data;
    }
}
