using K1s0.EventStore.Samples.OfflineSync;

namespace K1s0.EventStore.Samples.Tests;

public sealed class OfflineSyncTests
{
    [Fact]
    [Trait("Row", "S15")]
    [Trait("Row", "X10")]
    public async Task Three_processes_end_with_the_same_although_one_was_offline_and_was_killed()
    {
        var (exitCode, output) = await Programs.RunAsync("OfflineSync.dll");

        exitCode.Should().Be(Demonstration.Held, output);
        output.Should().Contain("conflict name: ").And.Contain("conflict price: 28 wins over 35")
            .And.Contain("lima: its log is Unwitnessed")
            .And.Contain("ok three nodes, one state")
            .And.NotContain("\e[", "colours were not asked for");
    }

    [Fact]
    public async Task A_wrong_command_line_shows_the_usage()
    {
        var (exitCode, output) = await Programs.RunAsync("OfflineSync.dll", "--speed");

        exitCode.Should().Be(Demonstration.Unusable);
        output.Should().Contain("OfflineSync [--folder");
    }
}
