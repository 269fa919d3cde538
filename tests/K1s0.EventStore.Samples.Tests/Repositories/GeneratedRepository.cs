using System.Globalization;

namespace K1s0.EventStore.Samples.Tests.Repositories;

/// <summary>A git repository with a made-up history, in a temporary folder.</summary>
internal sealed class GeneratedRepository : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RandomHistory _history;

    private GeneratedRepository(int seed) => _history = new RandomHistory(seed);

    public string Directory => _folder.Path;

    /// <summary>Makes a repository.</summary>
    /// <param name="commits">How many commits the first-parent history has.</param>
    /// <param name="seed">The same seed gives the same repository.</param>
    public static async Task<GeneratedRepository> CreateAsync(int commits, int seed)
    {
        var repository = new GeneratedRepository(seed);
        await TestGit.RunAsync(repository.Directory, write: null, "init", "--quiet", "--initial-branch=main");
        await repository.ExtendAsync(commits);
        return repository;
    }

    /// <summary>Adds commits to the branch.</summary>
    public Task ExtendAsync(int commits) => TestGit.RunAsync(
        Directory,
        async input =>
        {
            await using var writer = new FastImportWriter(input);
            _history.Write(writer, commits);
        },
        "fast-import",
        "--quiet",
        "--force",
        "--date-format=raw-permissive");

    /// <summary>Asks git a question whose answer is a number.</summary>
    public async Task<int> CountAsync(params string[] arguments) =>
        int.Parse(await TestGit.RunAsync(Directory, write: null, arguments), CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Dispose();
}
