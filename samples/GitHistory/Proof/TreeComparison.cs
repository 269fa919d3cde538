using K1s0.EventStore.Samples.GitHistory.Git;

namespace K1s0.EventStore.Samples.GitHistory.Proof;

/// <summary>Holds the files rebuilt from events against the files that git lists.</summary>
internal static class TreeComparison
{
    /// <summary>Every difference in words; none when the two are equal.</summary>
    public static async Task<IReadOnlyList<string>> CompareAsync(
        FileTree rebuilt, IAsyncEnumerable<TreeEntry> truth, CancellationToken cancellationToken)
    {
        List<string> differences = [];
        HashSet<GitPath> listed = [];
        await foreach (var (path, expected) in truth.WithCancellation(cancellationToken))
        {
            if (!listed.Add(path))
            {
                differences.Add($"git lists {path} twice");
            }
            else if (rebuilt.Find(path) is not { } found)
            {
                differences.Add($"{path} is missing: git has {expected}");
            }
            else if (found != expected)
            {
                differences.Add($"{path} is {found}: git has {expected}");
            }
        }

        differences.AddRange(
            from path in rebuilt.Paths
            where !listed.Contains(path)
            select $"{path} is {rebuilt.Find(path)}: git does not have it");
        return differences;
    }
}
