using K1s0.EventStore.Archive;

namespace K1s0.EventStore.ObjectStores;

/// <summary>Reads of tests that know what they have put.</summary>
public static class WholeObjects
{
    private const int LongestOfTests = 64 * 1024 * 1024;

    /// <summary>Reads a whole object of up to 64 MiB.</summary>
    public static Task<StoredObject?> GetAsync(
        this IObjectStore objects, ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(objects);
        return objects.GetAsync(key, LongestOfTests, cancellationToken);
    }
}
