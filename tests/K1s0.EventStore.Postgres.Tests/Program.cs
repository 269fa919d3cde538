using K1s0.EventStore.Postgres.Tests.Archiving;
using K1s0.EventStore.Postgres.Tests.Deadlocks;
using K1s0.EventStore.Postgres.Tests.Ledger;
using K1s0.EventStore.Postgres.Tests.Projections;
using K1s0.EventStore.Postgres.Tests.Replays;
using K1s0.EventStore.Postgres.Tests.Subscriptions;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>Runs the tests; started by a test with a role, plays the process that the test needs.</summary>
public static class Program
{
    public const string Role = "--role";

    public static Task<int> Main(string[] args) => args switch
    {
        [OverlappingProcess.Role, .. var arguments] => OverlappingProcess.RunAsync(arguments),
        [SealerProcess.Role, .. var arguments] => SealerProcess.PlayAsync(arguments),
        [Role, ConsumerProcess.Role, .. var rest] => ConsumerProcess.RunAsync(rest),
        [Role, ArchiverProcess.Role, .. var rest] => ArchiverProcess.RunAsync(rest),
        [Role, SmallHeapProcess.Role, .. var rest] => SmallHeapProcess.RunAsync(rest),
        [Role, KilledSwapProcess.Role, .. var rest] => KilledSwapProcess.RunAsync(rest),
        [Role, ProjectionProcess.Role, .. var rest] => ProjectionProcess.RunAsync(rest),
        [Role, SharedConsumerProcess.Role, .. var rest] => SharedConsumerProcess.RunAsync(rest),
        _ when args.Contains("--server", StringComparer.Ordinal) =>
            TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => ConsoleRunner.Run(args),
    };
}
