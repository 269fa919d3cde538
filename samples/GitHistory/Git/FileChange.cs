namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>What a commit did to one path. <paramref name="After"/> is null when the path is gone.</summary>
internal sealed record FileChange(FileChangeKind Kind, GitPath Path, GitObject? After);
