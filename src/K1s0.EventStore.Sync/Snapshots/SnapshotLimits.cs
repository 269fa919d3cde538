namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>How large a snapshot may be. Fixed by the format; looked at before room is made for anything.</summary>
public static class SnapshotLimits
{
    /// <summary>
    /// The most characters of a name: 64, of <c>a</c> to <c>z</c>, <c>0</c> to <c>9</c> and <c>-</c>.
    /// </summary>
    public const int MaxNameLength = 64;

    /// <summary>The most bytes of a key: 1,024. A key has at least one byte.</summary>
    public const int MaxKeyBytes = 1_024;

    /// <summary>The most bytes of a value: 1.25 MiB.</summary>
    public const int MaxValueBytes = 1_310_720;

    /// <summary>The most bytes of a chunk: one entry of the largest size.</summary>
    public const int MaxChunkBytes = MaxKeyBytes + MaxValueBytes + 16;

    /// <summary>The most chunks of a snapshot: 32,768.</summary>
    public const int MaxChunks = 32_768;

    /// <summary>The most bytes of all chunks together: 2 GiB.</summary>
    public const long MaxBytes = 2L * 1024 * 1024 * 1024;

    /// <summary>The most bytes of a manifest: 1.5 MiB.</summary>
    public const int MaxManifestBytes = 1_572_864;

    internal static bool IsName(string? name) =>
        name is { Length: >= 1 and <= MaxNameLength }
        && name.All(static letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');

    internal static void CheckName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsName(name))
        {
            throw new ArgumentException(
                $"The name of a snapshot has 1 to {MaxNameLength} of a to z, 0 to 9 and -.", nameof(name));
        }
    }
}
