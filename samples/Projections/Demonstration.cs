using System.Globalization;
using K1s0.EventStore.Postgres;
using K1s0.EventStore.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Samples.Projections;

/// <summary>
/// Keeps a balance table by a worker process that is killed again and again while money moves, and proves in the end that
/// the table is exactly what the events say.
/// </summary>
internal sealed class Demonstration(Narrator narrator)
{
    public const int Held = 0;
    public const int Failed = 1;
    public const int Unusable = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async Task<int> RunAsync(Arguments arguments, CancellationToken cancellationToken)
    {
        if (arguments.Postgres is not null)
        {
            return await RunAsync(arguments.Postgres, arguments.Kills, cancellationToken);
        }

        try
        {
            await using var server = await PostgresServer.StartAsync();
            return await RunAsync(server.ConnectionString(), arguments.Kills, cancellationToken);
        }
        catch (Exception e) when (e is ServerNotInstalledException or ServerFailedException)
        {
            narrator.Fail($"No throw-away server: {e.Message}");
            return Unusable;
        }
    }

    private async Task<int> RunAsync(string connectionString, int kills, CancellationToken cancellationToken)
    {
        try
        {
            var services = new ServiceCollection();
            Worker.AddStore(services, connectionString);
            await using var provider = services.BuildServiceProvider();
            await provider.GetRequiredService<PostgresSchema>().MigrateAsync(cancellationToken);
            narrator.Open("A balance table, exactly once, by a worker that is killed");
            return await KillAndProveAsync(provider, connectionString, kills, cancellationToken);
        }
        catch (Exception e) when (e is EventStoreException or ArgumentException or OptionsValidationException)
        {
            narrator.Fail(e.Message);
            return e is SubscriptionBehindException ? Failed : Unusable;
        }
    }

    private async Task<int> KillAndProveAsync(
        IServiceProvider provider, string connectionString, int kills, CancellationToken cancellationToken)
    {
        var bank = new Bank(
            provider.GetRequiredService<IEventAppender>(), provider.GetRequiredService<TimeProvider>());
        var checkpoints = provider.GetRequiredService<ICheckpointStore>();
        var dataSource = provider.GetRequiredService<NpgsqlDataSource>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var work = Task.WhenAll(bank.WorkAsync(seed: 1, stop.Token), bank.WorkAsync(seed: 2, stop.Token));
        try
        {
            await KillAsync(bank, checkpoints, connectionString, kills, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await work;
        }

        using var worker = WorkerProcess.Start(connectionString);
        var (account, deposit) = await bank.DepositAsync(cents: 1, cancellationToken);
        await checkpoints.WaitUntilCaughtUpAsync(
            BalanceTable.Name, deposit.LastPosition, Patience, cancellationToken: cancellationToken);
        narrator.Say(Text($"the last worker has caught up with {bank.Appended:#,0} events"));
        narrator.Say($"a writer reads its own write: {account.AggregateId[^6..]} is in the table");
        var exitCode = await worker.StopAsync(cancellationToken);
        return exitCode == 0
            ? Judge(await Proof.MakeAsync(provider.GetRequiredService<IFeedReader>(), dataSource, cancellationToken))
            : Fail($"the worker ended with exit code {exitCode}");
    }

    // Each worker is killed after it has moved the checkpoint: in the middle of what came next.
    private async Task KillAsync(
        Bank bank,
        ICheckpointStore checkpoints,
        string connectionString,
        int kills,
        CancellationToken cancellationToken)
    {
        for (var kill = 1; kill <= kills; kill++)
        {
            using var worker = WorkerProcess.Start(connectionString);
            var before = await checkpoints.LoadAsync(BalanceTable.Name, cancellationToken);
            var next = new Position((before?.Position.Value ?? 0) + 1);
            await checkpoints.WaitUntilCaughtUpAsync(
                BalanceTable.Name, next, Patience, TimeSpan.FromMilliseconds(1), cancellationToken: cancellationToken);
            await worker.KillAsync(cancellationToken);
            var after = await checkpoints.LoadAsync(BalanceTable.Name, cancellationToken);
            narrator.Kill(Text(
                $"worker {kill} of {kills} (process {worker.Id}) at position {after?.Position}, {bank.Appended:#,0} events appended"));
        }
    }

    private int Judge(Proof proof)
    {
        narrator.Say(Text($"{proof.Accounts:#,0} accounts"));
        narrator.Say(Text($"events   feed {proof.EventsInFeed,12:#,0}   table {proof.EventsInTable,12:#,0}"));
        narrator.Say(Text(
            $"balance  feed {proof.TotalOfFeed / 100m,12:#,0.00}   table {proof.TotalOfTable / 100m,12:#,0.00}"));
        if (proof.Differences.Count > 0 || proof.EventsInFeed != proof.EventsInTable)
        {
            return Fail(Text($"{proof.Differences.Count} accounts differ: {string.Join(", ", proof.Differences.Take(5))}"));
        }

        narrator.Hold("every event is in the table exactly once");
        return Held;
    }

    private int Fail(string line)
    {
        narrator.Fail(line);
        return Failed;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
