namespace K1s0.EventStore.Archive;

/// <summary>The objects under a folder in the order of their keys, which is not the order of paths: 'a-b/c' comes
/// before 'a/b', because '-' is less than '/'.</summary>
internal sealed class FileObjectListing(string root, string prefix, ObjectKey? after)
{
    private const int PageSize = 1_000;

    public static List<ObjectEntry> NextPage(IEnumerator<ObjectEntry> entries)
    {
        var page = new List<ObjectEntry>();
        try
        {
            while (page.Count < PageSize && entries.MoveNext())
            {
                page.Add(entries.Current);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException($"The folder of the objects cannot be listed: {e.Message}", e);
        }

        return page;
    }

    public IEnumerable<ObjectEntry> Read() => Under(root, string.Empty);

    private IEnumerable<ObjectEntry> Under(string folder, string above)
    {
        foreach (var (name, entry) in Sorted(folder))
        {
            var key = above + name;
            if (entry is DirectoryInfo)
            {
                if (CanHold(key))
                {
                    foreach (var below in Under(entry.FullName, key))
                    {
                        yield return below;
                    }
                }
            }
            else if (IsWanted(key) && ObjectKey.TryParse(key, out var parsed) && Length((FileInfo)entry) is { } length)
            {
                yield return new ObjectEntry(parsed, length);
            }
        }
    }

    // A folder is named with its slash, and so it sorts.
    private static IEnumerable<(string Name, FileSystemInfo Entry)> Sorted(string folder)
    {
        var found = new DirectoryInfo(folder);
        return !found.Exists
            ? []
            : found.EnumerateFileSystemInfos()
                .Where(entry => !entry.Name.StartsWith('.'))
                .Select(entry => (Name: entry is DirectoryInfo ? $"{entry.Name}/" : entry.Name, entry))
                .OrderBy(entry => entry.Name, StringComparer.Ordinal);
    }

    // Null when it was removed since the folder was read.
    private static long? Length(FileInfo file)
    {
        file.Refresh();
        return file.Exists ? file.Length : null;
    }

    private bool IsWanted(string key) =>
        key.StartsWith(prefix, StringComparison.Ordinal)
        && (after is null || string.CompareOrdinal(key, after.Value) > 0);

    private bool CanHold(string folderKey) =>
        (folderKey.StartsWith(prefix, StringComparison.Ordinal)
            || prefix.StartsWith(folderKey, StringComparison.Ordinal))
        && (after is null
            || after.Value.StartsWith(folderKey, StringComparison.Ordinal)
            || string.CompareOrdinal(folderKey, after.Value) > 0);
}
