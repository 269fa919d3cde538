using System.Globalization;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Ledger;

/// <summary>
/// A sealer and publisher in a process of its own. At a named step it says so, and goes on only when it gets an advisory
/// lock that the test holds: until then it can be frozen or killed exactly there.
/// </summary>
internal static class SealerProcess
{
    public const string Role = "--sealer";
    public const string Done = "done";

    /// <summary>How many files from 250 to 520 leaves: three tiles of level 0, one of level 1, three bundles.</summary>
    public const int Puts = 7;

    /// <summary>Within the transaction that seals: the server waits for a lock that the test holds.</summary>
    public const string InSeal = "in-seal";

    /// <summary>The steps at which it can stand still, in their order.</summary>
    public static readonly string[] Steps =
    [
        "before-seal", "after-seal", "before-note", "after-note",
        .. Enumerable.Range(1, Puts).SelectMany(put => new[] { $"before-put-{put}", $"after-put-{put}" }),
        "before-removal", "after-removal", "before-checkpoint", "after-checkpoint",
    ];

    /// <summary>Starts the process, and returns when it stands at the step.</summary>
    public static async Task<ChildProcess> StartAsync(
        TestLog log, string connectionString, string pemFile, string folder, string step)
    {
        var child = await ChildProcess.StartAsync(
            typeof(SealerProcess).Assembly, [Role, connectionString, log.Store.Name, pemFile, folder, step]);
        (await child.ReadLineAsync()).Should().Be(step);
        return child;
    }

    public static async Task<int> PlayAsync(string[] arguments)
    {
        var (connectionString, schema, pemFile) = (arguments[0], arguments[1], arguments[2]);
        var (folder, step) = (arguments[3], arguments[4]);
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        var store = new PostgresOptions { Schema = schema };
        using var signer = PemTreeHeadSigner.Create(TestLog.Origin, await File.ReadAllTextAsync(pemFile));
        var isReached = 0;
        Task StandAsync(string name) =>
            string.Equals(name, step, StringComparison.Ordinal) && Interlocked.Exchange(ref isReached, 1) == 0
                ? WaitAsync(dataSource, name)
                : Task.CompletedTask;
        var ledger = new StepLedger(new PostgresLedgerStore(dataSource, store))
        {
            BeforeSeal = () =>
            {
                if (step is InSeal)
                {
                    Report(InSeal);
                }

                return StandAsync("before-seal");
            },
            AfterSeal = () => StandAsync("after-seal"),
            BeforeSaveNote = () => StandAsync("before-note"),
            AfterSaveNote = () => StandAsync("after-note"),
        };
        var options = new LedgerOptions
        {
            Origin = TestLog.Origin,
            Signers = { signer },
            LeaseDuration = TimeSpan.FromHours(1),
            PublishTo = new StepTarget(new DirectoryPublishedLog(folder), StandAsync),
        };
        var sealer = new LogSealer(ledger, new PostgresLeaseStore(dataSource, store), options);
        var sealedLeaves = (await sealer.SealAsync()).Leaves;
        await sealer.SignAsync();
        await new LogPublisher(ledger, options).PublishAsync();
        Report($"{Done} {sealedLeaves}");
        return 0;
    }

    private static async Task WaitAsync(NpgsqlDataSource dataSource, string step)
    {
        Report(step);
        await dataSource.ExecuteAsync("select pg_advisory_lock(1), pg_advisory_unlock(1)");
    }

    private static void Report(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }

    private sealed class StepTarget(IPublishedLog inner, Func<string, Task> stand) : IPublishedLog
    {
        private int _puts;

        public Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) =>
            inner.ReadCheckpointAsync(cancellationToken);

        public async Task<bool> PutAsync(
            string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref _puts).ToString(CultureInfo.InvariantCulture);
            await stand($"before-put-{number}");
            var isThere = await inner.PutAsync(path, content, cancellationToken);
            await stand($"after-put-{number}");
            return isThere;
        }

        public async Task RemovePartialsAsync(string path, CancellationToken cancellationToken)
        {
            await stand("before-removal");
            await inner.RemovePartialsAsync(path, cancellationToken);
            await stand("after-removal");
        }

        public async Task<bool> ReplaceCheckpointAsync(
            ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken)
        {
            await stand("before-checkpoint");
            var isReplaced = await inner.ReplaceCheckpointAsync(expected, checkpoint, cancellationToken);
            await stand("after-checkpoint");
            return isReplaced;
        }
    }
}
