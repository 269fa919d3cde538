using K1s0.EventStore.Samples.Tests.Repositories;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>Starts the samples as programs: arguments, output and exit code arrive where they should.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task Quickstart_ends_with_exit_code_0_and_prints_no_colours_into_a_pipe()
    {
        var (exitCode, output) = await Programs.RunAsync("Quickstart.dll");

        exitCode.Should().Be(0, output);
        output.Should().Contain("Every step held.").And.NotContain("\e[");
    }

    [Fact]
    public async Task Quickstart_ends_with_exit_code_2_when_it_is_called_wrongly()
    {
        (await Programs.RunAsync("Quickstart.dll", "--nonsense")).ExitCode.Should().Be(2);
    }

    [Fact]
    public async Task GitHistory_ends_with_exit_code_0_when_the_events_agree_with_git()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 50, seed: 50);

        var (exitCode, output) = await Programs.RunAsync("GitHistory.dll", generated.Directory, "--seed", "1");

        exitCode.Should().Be(0, output);
        output.Should().Contain("imported    50 commits").And.Contain("OK ").And.NotContain("\r");
    }

    [Fact]
    public async Task GitHistory_ends_with_exit_code_2_when_there_is_no_repository()
    {
        using var folder = new TemporaryFolder();

        (await Programs.RunAsync("GitHistory.dll", folder.Path)).ExitCode.Should().Be(2);
    }
}
