using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Batches as manifests list them, one after the other.</summary>
internal static class ManifestSamples
{
    public static DateTimeOffset Time { get; } = new(2026, 7, 1, 13, 0, 0, TimeSpan.Zero);

    /// <summary>Batches of ten events each with a gap of one position before each.</summary>
    public static ManifestBatch[] Batches(int from, int count) =>
        [.. Enumerable.Range(from, count).Select(number => Batch(number * 11, (number * 11) + 11))];

    public static ManifestBatch Batch(long after, long last, string attempt = "1")
    {
        var content = Sha256Digest.Of([(byte)after, (byte)(after >> 8), (byte)last]);
        return new ManifestBatch(
            new ObjectKey($"events/2026/07/01/13/{after + 2:D20}-{last:D20}-{attempt}.batch.zst"),
            new Position(after),
            new Position(after + 2),
            new Position(last),
            last - after - 1,
            Time.AddSeconds(after),
            Time.AddSeconds(last).AddMicroseconds(7),
            contentBytes: 1_000,
            storedBytes: 300,
            content,
            Sha256Digest.Of(content.ToArray()));
    }
}
