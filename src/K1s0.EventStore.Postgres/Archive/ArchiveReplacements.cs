using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>Batches that come in the place of others. Thread-safe.</summary>
internal sealed class ArchiveReplacements(PostgresDatabase database, ArchiveSteps steps)
{
    public Task PlanAsync(
        Lease lease,
        PlannedManifest manifest,
        Sha256Digest previous,
        BatchReplacement replacement,
        CancellationToken cancellationToken) => steps.RunAsync(
            "plan_replacement",
            lease,
            parameters =>
            {
                parameters.AddValue(manifest.Number);
                parameters.AddValue(manifest.Digest);
                parameters.AddValue(previous);
                parameters.Add(
                    new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bytea, Value = manifest.Content.ToArray() });
                Add(parameters, replacement);
            },
            static _ => 0,
            cancellationToken);

    public async Task<DateTimeOffset?> FindListedAtAsync(long number, CancellationToken cancellationToken)
    {
        var rows = await database.QueryAsync(
            "find_listed_at",
            parameters => parameters.AddValue(number),
            static reader => BatchColumns.ReadTime(reader, 0),
            cancellationToken).ConfigureAwait(false);
        return rows is [var listedAt] ? listedAt : null;
    }

    private static void Add(NpgsqlParameterCollection parameters, BatchReplacement replacement)
    {
        var (plan, stored, months) = (replacement.Plan, replacement.Stored, replacement.Months);
        parameters.AddValue(plan.After.Value);
        parameters.AddValue(plan.First.Value);
        parameters.AddValue(plan.Last.Value);
        parameters.AddValue(plan.EventCount);
        parameters.AddValue(plan.Earliest);
        parameters.AddValue(plan.Latest);
        parameters.AddValue(plan.ContentBytes);
        parameters.AddValue(stored.Key);
        parameters.AddValue(stored.StoredBytes);
        parameters.AddValue(stored.Digest);
        parameters.AddValue(stored.IndexDigest);
        parameters.AddValue(replacement.EventsDigest);
        parameters.AddMonths(months);
        parameters.AddValues(NpgsqlDbType.Text, replacement.Replaced);
    }
}
