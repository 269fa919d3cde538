using System.Globalization;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Deadlocks;

/// <summary>
/// A process of its own that appends to the shared streams for a while. It prints a line for each event that was
/// acknowledged, a line for each append that failed otherwise than by a conflict, and at the end what it did.
/// </summary>
internal static class OverlappingProcess
{
    public const string Role = "--overlapping-writer";
    public const string ApplicationName = "overlapping writer";
    public const string FailureMark = "failed:";
    public const string FiguresMark = "figures:";

    private const int Callers = 16;
    private const int Writers = 3;

    public static Task<ChildProcess> StartAsync(string connectionString, string schema, int seed, TimeSpan duration) =>
        ChildProcess.StartAsync(
            typeof(Program).Assembly,
            [
                Role, connectionString, schema, seed.ToString(CultureInfo.InvariantCulture),
                duration.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            ]);

    /// <summary>The line for an event; the same text that <see cref="LineColumn"/> makes of a row.</summary>
    public static string Line(Guid eventId, long version, long position) =>
        string.Create(CultureInfo.InvariantCulture, $"{eventId} {version} {position}");

    public const string LineColumn = "concat_ws(' ', event_id, version, position)";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var seed = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        await using var dataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(arguments[0])
        {
            ApplicationName = ApplicationName,
            MaxPoolSize = 2 * Callers,

            // A deadlock shows at once.
            Options = "-c deadlock_timeout=20ms",
        });

        // No retries: whatever fails is seen.
        await using var store = new PostgresEventStore(
            dataSource, new PostgresOptions { Schema = arguments[1], MaxRetries = 0, MaxWriters = Writers });
        using var end = new CancellationTokenSource(
            TimeSpan.FromSeconds(double.Parse(arguments[3], CultureInfo.InvariantCulture)));
        var callers = Enumerable.Range(0, Callers)
            .Select(caller => new OverlappingCaller(store, new Random((seed * Callers) + caller))).ToArray();
        await Task.WhenAll(callers.Select(caller => Task.Run(() => caller.RunAsync(end.Token))));
        Console.WriteLine(
            $"{FiguresMark} {callers.Sum(caller => caller.Appends)} appends, {callers.Sum(caller => caller.Conflicts)} conflicts, "
            + $"{callers.Sum(caller => caller.Repetitions)} repetitions");
        return 0;
    }
}
