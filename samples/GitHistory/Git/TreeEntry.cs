namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>One line of <c>git ls-tree -r</c>.</summary>
internal sealed record TreeEntry(GitPath Path, GitObject Object);
