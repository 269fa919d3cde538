using System.Globalization;
using System.Text;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>States to make snapshots of.</summary>
internal static class SomeSnapshots
{
    public const string Name = "stock";

    /// <summary>So many entries of about 120 bytes, the same each time.</summary>
    public static SortedDictionary<string, string> State(int count, int seed = 7)
    {
        var random = new Random(seed);
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            state[Key(2 * i)] = Value(random);
        }

        return state;
    }

    public static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"article-{number:D8}");

    public static string Value(Random random) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"count":{{random.Next(10_000)}},"place":"{{random.NextInt64():x16}}{{random.NextInt64():x16}}{{random.NextInt64():x16}}"}""");

    public static IEnumerable<SnapshotEntry> Entries(IEnumerable<KeyValuePair<string, string>> state) =>
        state.Select(entry => new SnapshotEntry(Encoding.UTF8.GetBytes(entry.Key), Encoding.UTF8.GetBytes(entry.Value)));

    public static OriginHead Head(int origin, long sequence, int version = 0) => new(
        new Dot(Some.Origin(origin), sequence),
        Sha256Digest.Of(Encoding.UTF8.GetBytes($"{origin}/{sequence}/{version}")),
        new HybridTime(sequence),
        VectorClock.Empty);

    public static SnapshotManifest Manifest(IEnumerable<KeyValuePair<string, string>> state, params OriginHead[] heads)
    {
        var entries = Entries(state).ToArray();
        return SnapshotFormat.Create(
            new SnapshotHeader(Name, 1, entries.Length, heads),
            [.. ChunkFormat.Cut(entries).Select(content => new SnapshotChunk(MerkleHash.Leaf(content), content.Length))]);
    }

    /// <summary>Installs a state as a node does.</summary>
    public static async Task<(SnapshotManifest Manifest, SnapshotEnd End)> PublishAsync(
        ISnapshotChunkStore store, IEnumerable<KeyValuePair<string, string>> state, params OriginHead[] heads) =>
        await new SnapshotLibrary(store).PublishAsync(Name, 1, heads, Entries(state), CancellationToken.None);

    /// <summary>What is installed; null when nothing is.</summary>
    public static async Task<Dictionary<string, string>?> ReadAsync(ISnapshotChunkStore store)
    {
        var library = new SnapshotLibrary(store);
        if (await library.ReadInstalledAsync(Name, CancellationToken.None) is not { } manifest)
        {
            return null;
        }

        var state = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var entry in new InstalledSnapshot(manifest, library).ReadEntriesAsync())
        {
            state.Add(Encoding.UTF8.GetString(entry.Key.Span), Encoding.UTF8.GetString(entry.Value.Span));
        }

        return state;
    }
}
