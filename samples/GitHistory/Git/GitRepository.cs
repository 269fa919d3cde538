using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>A git repository at the commit that HEAD pointed to when it was opened.</summary>
internal sealed class GitRepository
{
    private readonly GitProgram _git;

    private GitRepository(GitProgram git, string directory, string head, int commitCount) =>
        (_git, Directory, Head, CommitCount) = (git, directory, head, commitCount);

    public string Directory { get; }

    public string Head { get; }

    /// <summary>The number of commits of the first-parent history.</summary>
    public int CommitCount { get; }

    /// <summary>Finds the repository that a folder is in.</summary>
    /// <exception cref="UnusableRepositoryException">No git, no repository, no commit, or a part only.</exception>
    public static async Task<GitRepository> OpenAsync(
        GitProgram git, string directory, CancellationToken cancellationToken)
    {
        await using var shallow = git.Start(directory, "rev-parse", "--is-shallow-repository");
        var isShallow = await shallow.ReadLineOrFailureAsync(cancellationToken)
            ?? throw new UnusableRepositoryException(
                $"'{directory}' is no readable git repository. git says: {await shallow.ReadErrorsAsync()}");
        if (!string.Equals(isShallow, "false", StringComparison.Ordinal))
        {
            throw new UnusableRepositoryException(
                $"'{directory}' is a shallow clone: its history is cut off. Run 'git fetch --unshallow' there first.");
        }

        await using var resolve = git.Start(directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}");
        var head = await resolve.ReadLineOrFailureAsync(cancellationToken)
            ?? throw new UnusableRepositoryException($"'{directory}' is an empty repository: HEAD has no commit yet.");

        await using var count = git.Start(directory, "rev-list", "--first-parent", "--count", head);
        var commits = await count.ReadLineOrFailureAsync(cancellationToken)
            ?? throw new UnusableRepositoryException(
                $"The history of '{directory}' cannot be read. git says: {await count.ReadErrorsAsync()}");
        return new GitRepository(git, directory, head, int.Parse(commits, CultureInfo.InvariantCulture));
    }

    /// <summary>The first-parent history, oldest first; a merge shows what it brought to its first parent.</summary>
    public async IAsyncEnumerable<Commit> ReadHistoryAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The user's configuration must not change what is printed, so whatever it could change is said here.
        await using var log = _git.Start(
            Directory,
            ["-c", "log.showRoot=true", "-c", "log.showSignature=false", "-c", "log.diffMerges=separate",
            "log", "--first-parent", "-m", "--reverse", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-color",
            "--no-ext-diff", "--no-relative", "--ignore-submodules=none", "--encoding=UTF-8", RawLog.Format, Head, "--"]);
        var commits = RawLog.ReadAsync(NulSeparated.ReadAsync(log.Stream, cancellationToken), cancellationToken);
        await foreach (var commit in commits)
        {
            yield return commit;
        }

        await log.EnsureSuccessAsync(cancellationToken);
    }

    /// <summary>Every file of a commit, as git itself lists it: the truth to measure the events against.</summary>
    public async IAsyncEnumerable<TreeEntry> ReadTreeAsync(
        string commitId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var tree = _git.Start(Directory, "ls-tree", "-r", "-z", "--full-tree", commitId);
        await foreach (var token in NulSeparated.ReadAsync(tree.Stream, cancellationToken))
        {
            yield return ParseTreeEntry(token);
        }

        await tree.EnsureSuccessAsync(cancellationToken);
    }

    // MODE TYPE ID TAB path
    private static TreeEntry ParseTreeEntry(byte[] token)
    {
        var tab = token.AsSpan().IndexOf((byte)'\t');
        return tab > 0 && Encoding.ASCII.GetString(token, 0, tab).Split(' ') is [var mode, _, var id]
            ? new TreeEntry(GitPath.FromBytes(token.AsSpan(tab + 1)), new GitObject(mode, id))
            : throw new InvalidDataException("git ls-tree printed something unexpected.");
    }
}
