namespace K1s0.EventStore.Samples.GitHistory.Git;

/// <summary>A rename is a deletion and an addition: that is how git itself keeps it.</summary>
internal enum FileChangeKind
{
    Added,
    Modified,
    Deleted,
}
