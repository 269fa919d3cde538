using System.Diagnostics;
using System.Reflection;
using Amazon.Runtime;
using Amazon.S3;
using K1s0.EventStore.Archive;
using K1s0.EventStore.S3;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>An archiver in a process of its own, which kills itself (SIGKILL) when it reaches a named step.</summary>
internal static class ArchiverProcess
{
    public const string Role = "archiver";

    private static readonly string[] Calls =
    [
        "plan", "begin-upload", "put-batch", "finish-upload", "get-batch", "verify", "plan-manifest", "put-manifest",
        "list-manifest", "allow-prune", "prune",
    ];

    /// <summary>The steps at which it can end, in their order.</summary>
    public static readonly string[] Steps = [.. Calls.SelectMany(call => new[] { $"before-{call}", $"after-{call}" })];

    private static readonly string[] CompactionCalls =
    [
        "get-batch", "put-merged", "get-merged", "plan-replacement", "put-manifest", "list-manifest", "delete-batch",
    ];

    /// <summary>The steps at which one that compacts can end, in their order.</summary>
    public static readonly string[] CompactionSteps =
        [.. CompactionCalls.SelectMany(call => new[] { $"before-{call}", $"after-{call}" })];

    /// <summary>Whether a step is a call of the bucket, and not one of the books in the database.</summary>
    public static bool IsOfBucket(string step) =>
        step[(step.IndexOf('-', StringComparison.Ordinal) + 1)..]
            is "put-batch" or "get-batch" or "put-merged" or "get-merged" or "put-manifest" or "delete-batch";

    /// <summary>What is a day old becomes one batch.</summary>
    public static LifecyclePolicy Policy { get; } = new(
        new LifecycleStep(ArchiveTier.Warm, TimeSpan.FromDays(1), StorageClass.InfrequentAccess))
    {
        CompactBelowBytes = 64 * 1024,
    };

    /// <summary>Runs it until it is dead.</summary>
    /// <param name="connectionString">The database.</param>
    /// <param name="schema">The schema of the store.</param>
    /// <param name="bucket">A folder; or endpoint, access key, secret and bucket, with spaces between them.</param>
    /// <param name="step">Where it ends.</param>
    /// <param name="compacts">Whether it makes small batches into one and removes old objects; otherwise it archives.</param>
    /// <returns>The exit code: 137 when it was killed.</returns>
    public static async Task<int> DieAsync(
        string connectionString, string schema, string bucket, string step, bool compacts = false)
    {
        await using var child = await ChildProcess.StartAsync(
            typeof(ArchiverProcess).Assembly,
            [Program.Role, Role, connectionString, schema, bucket, step, compacts ? "compact" : "archive"]);
        return await child.Exited;
    }

    public static async Task<int> RunAsync(string[] arguments)
    {
        var (connectionString, schema, bucket, step) = (arguments[0], arguments[1], arguments[2], arguments[3]);
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        var options = new PostgresOptions { Schema = schema };
        await using var store = new PostgresEventStore(dataSource, options);
        var objects = StepProxy.Around(OpenBucket(bucket), NameOfObjectCall, Reached);
        IArchiveCatalog catalog = new PostgresArchiveCatalog(dataSource, options);
        var parts = new ArchiverParts(
            store,
            StepProxy.Around(catalog, NameOfCatalogCall, Reached),
            new PostgresLeaseStore(dataSource, options),
            objects);
        if (arguments is [.., "compact"])
        {
            // Two days on, so that the time of grace is over when the old objects are looked at.
            var time = new LaterTime(TimeSpan.FromDays(2));
            await new ArchiveLifecycle(
                objects, new CatalogListings(parts, timeProvider: time), Policy, timeProvider: time).RunAsync();
            return 0;
        }

        using var archiver = new Archiver(
            parts, new ArchivingOptions { OlderThan = TimeSpan.Zero, MaxEventsPerBatch = 15 });
        await archiver.ArchiveAsync();
        return 0;

        void Reached(string name)
        {
            if (string.Equals(name, step, StringComparison.Ordinal))
            {
                using var self = Process.GetCurrentProcess();
                self.Kill();
            }
        }
    }

    public static IObjectStore OpenBucket(string bucket) => bucket.Split(' ') is [var endpoint, var key, var secret, var name]
        ? new S3ObjectStore(
            new AmazonS3Client(
                new BasicAWSCredentials(key, secret),
                new AmazonS3Config
                {
                    ServiceURL = endpoint,
                    ForcePathStyle = true,
                    AuthenticationRegion = "us-east-1",
                }),
            new S3Options { Bucket = name })
        : new FileObjectStore(bucket);

    /// <summary>Which step a call of the catalog is.</summary>
    public static string? NameOfCatalogCall(MethodInfo method, object?[] arguments) => method.Name switch
    {
        nameof(IArchiveCatalog.PlanAsync) => "plan",
        nameof(IArchiveCatalog.BeginUploadAsync) => "begin-upload",
        nameof(IArchiveCatalog.FinishUploadAsync) => "finish-upload",
        nameof(IArchiveCatalog.VerifyAsync) => "verify",
        nameof(IArchiveCatalog.PlanManifestAsync) => "plan-manifest",
        nameof(IArchiveCatalog.ListManifestAsync) => "list-manifest",
        nameof(IArchiveCatalog.PlanReplacementAsync) => "plan-replacement",
        nameof(IArchiveCatalog.AllowPruneAsync) => "allow-prune",
        nameof(IArchiveCatalog.PruneAsync) => "prune",
        _ => null,
    };

    /// <summary>Which step a call of the bucket is.</summary>
    public static string? NameOfObjectCall(MethodInfo method, object?[] arguments)
    {
        var isBatch = arguments is [ObjectKey key, ..] && key.Value.StartsWith("events/", StringComparison.Ordinal);
        var kind = isBatch && ((ObjectKey)arguments[0]!).Value.Contains("-c", StringComparison.Ordinal)
            ? "merged"
            : "batch";
        return method.Name switch
        {
            nameof(IObjectStore.PutIfAbsentAsync) => isBatch ? $"put-{kind}" : "put-manifest",
            nameof(IObjectStore.GetAsync) when isBatch => $"get-{kind}",
            nameof(IObjectStore.DeleteAsync) => "delete-batch",
            _ => null,
        };
    }
}
