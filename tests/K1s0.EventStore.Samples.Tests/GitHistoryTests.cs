using K1s0.EventStore.Samples.GitHistory;
using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.Tests.Repositories;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>Runs the sample as its user does, but for the process.</summary>
public sealed class GitHistoryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_history_of_5000_commits_agrees_with_git_at_25_random_commits()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 5_000, seed: 5_000);

        var (exitCode, output) = await RunAsync(generated.Directory, "--random-commits", "25", "--seed", "25");

        exitCode.Should().Be(HistoryRun.Proved, output);
        output.Should().Contain("seed        25").And.Contain("imported    5,000 commits")
            .And.Contain("compared    26 commits").And.Contain("OK ");
    }

    [Fact]
    public async Task The_generated_history_has_all_that_makes_histories_hard()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 1_000, seed: 1);
        var log = await TestGit.RunAsync(
            generated.Directory,
            write: null,
            ["log", "--first-parent", "-m", "--raw", "-M100%", "--no-abbrev", "--format="]);

        (await generated.CountAsync("rev-list", "--first-parent", "--count", "HEAD")).Should().Be(1_000);
        (await generated.CountAsync("rev-list", "--merges", "--count", "HEAD")).Should().BeGreaterThan(50);
        (await generated.CountAsync("rev-list", "--min-parents=3", "--count", "HEAD")).Should().BeGreaterThan(5);
        foreach (var status in (string[])["A", "M", "D", "T", "R100"])
        {
            log.Should().Contain($" {status}\t");
        }

        log.Should().MatchRegex(":100644 100755 ([0-9a-f]{40}) \\1 M", "a mode changes without the content")
            .And.Contain(":000000 160000", "submodules are added").And.Contain(":000000 120000", "links are added");
    }

    [Fact]
    public async Task A_run_from_a_folder_inside_the_repository_imports_all_of_it()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 30, seed: 2);
        var folder = Directory.CreateDirectory(Path.Combine(generated.Directory, "src")).FullName;

        var (exitCode, output) = await RunAsync(folder, "--seed", "1");

        exitCode.Should().Be(HistoryRun.Proved, output);
        output.Should().Contain("imported    30 commits");
    }

    [Fact]
    public async Task The_configuration_of_the_user_changes_nothing()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 300, seed: 3);
        string[] settings =
        [
            "diff.renames=copies", "diff.noprefix=true", "diff.relative=true", "diff.ignoreSubmodules=all",
            "diff.external=false", "color.ui=always", "color.diff=always", "core.quotePath=false", "core.abbrev=4",
            "log.showRoot=false", "log.showSignature=true", "log.diffMerges=combined", "log.decorate=full",
            "format.pretty=oneline", "i18n.logOutputEncoding=ISO-8859-1",
        ];
        foreach (var setting in settings)
        {
            await TestGit.RunAsync(generated.Directory, write: null, ["config", .. setting.Split('=')]);
        }

        var (exitCode, output) = await RunAsync(generated.Directory, "--seed", "1");

        exitCode.Should().Be(HistoryRun.Proved, output);
        output.Should().Contain("imported    300 commits");
    }

    [Fact]
    public async Task An_empty_repository_is_refused()
    {
        using var folder = new TemporaryFolder();
        await TestGit.RunAsync(folder.Path, write: null, "init", "--quiet");

        var (exitCode, output) = await RunAsync(folder.Path);

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain("is an empty repository");
    }

    [Fact]
    public async Task A_shallow_clone_is_refused()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 3, seed: 4);
        using var folder = new TemporaryFolder();
        var origin = new Uri(generated.Directory).AbsoluteUri;
        await TestGit.RunAsync(
            folder.Path, write: null, "clone", "--quiet", "--depth", "1", "--no-checkout", origin, "clone");

        var (exitCode, output) = await RunAsync(Path.Combine(folder.Path, "clone"));

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain("shallow clone").And.Contain("git fetch --unshallow");
    }

    [Fact]
    public async Task A_folder_outside_of_any_repository_is_refused()
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output) = await RunAsync(folder.Path);

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain("is no readable git repository").And.Contain("not a git repository");
    }

    [Fact]
    public async Task A_folder_that_does_not_exist_is_refused()
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output) = await RunAsync(Path.Combine(folder.Path, "nowhere"));

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain("is no readable git repository").And.Contain("nowhere");
    }

    [Fact]
    public async Task A_missing_git_program_is_named()
    {
        var (exitCode, output) = await RunAsync(new GitProgram("git-that-is-not-installed"), ".");

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain("'git-that-is-not-installed' cannot be started").And.Contain("Install git");
    }

    [Theory]
    [InlineData("--sead is not known", "--sead", "1")]
    [InlineData("--seed needs a value", "--seed")]
    [InlineData("--seed needs a number", "--seed", "one")]
    [InlineData("--random-commits needs a number", "--random-commits", "-1")]
    public async Task A_wrong_command_line_shows_the_usage(string expected, params string[] arguments)
    {
        var (exitCode, output) = await RunAsync(new GitProgram(), arguments);

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain(expected).And.Contain("--postgres <connection string>");
    }

    private static Task<(int ExitCode, string Output)> RunAsync(params string[] arguments) =>
        RunAsync(new GitProgram(), arguments);

    private static async Task<(int ExitCode, string Output)> RunAsync(GitProgram git, params string[] arguments)
    {
        var output = new StringWriter();
        var run = new HistoryRun(git, output, isTerminal: false, TimeProvider.System);
        return (await run.RunAsync(arguments, Cancellation), output.ToString());
    }
}
