using System.Globalization;
using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Archive;

/// <summary>A finished batch, to be put. Immutable.</summary>
public sealed class EventBatch
{
    private const int MaxAttemptLength = 40;

    private readonly DateTimeOffset _firstRecordedAt;

    internal EventBatch(EventBatchIndex index, ReadOnlyMemory<byte> content, DateTimeOffset firstRecordedAt) =>
        (Index, Content, _firstRecordedAt) = (index, content, firstRecordedAt);

    /// <summary>What it holds.</summary>
    public EventBatchIndex Index { get; }

    /// <summary>The whole object.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>
    /// What is stored with the object: <c>event_count</c>, <c>time_range</c> (recorded at, from and to with a slash
    /// between), <c>position_range</c>, <c>content_bytes</c> (before compression). The digest is stored by every store.
    /// </summary>
    /// <param name="storageClass">Where it is to lie.</param>
    public ObjectAttributes Attributes(StorageClass storageClass = StorageClass.Standard) => new(
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["event_count"] = Index.EventCount.ToString(CultureInfo.InvariantCulture),
            ["time_range"] = $"{EventLine.Format(Index.Earliest)}/{EventLine.Format(Index.Latest)}",
            ["position_range"] = $"{Index.First}-{Index.Last}",
            ["content_bytes"] = Index.ContentLength.ToString(CultureInfo.InvariantCulture),
        },
        storageClass);

    /// <summary>When the events of an object were recorded; null when it is no batch.</summary>
    internal static (DateTimeOffset Earliest, DateTimeOffset Latest)? TimesOf(ObjectAttributes attributes) =>
        attributes.Metadata.TryGetValue("time_range", out var range)
        && range.Split('/') is [var earliest, var latest]
        && TryReadTime(earliest, out var from)
        && TryReadTime(latest, out var to)
        && from <= to
            ? (from, to)
            : null;

    /// <summary>
    /// The key of an attempt to put it: <c>events/yyyy/MM/dd/HH/first-last-attempt.batch.zst</c>, the hour that its
    /// first event was recorded in, and the positions in 20 digits, so that the order of keys in an hour is that of
    /// positions. With Brotli it ends with <c>.batch.br</c>.
    /// </summary>
    /// <param name="attempt">1 to 40 ASCII letters and digits, another one for each attempt.</param>
    /// <exception cref="ArgumentException">It is no attempt.</exception>
    public ObjectKey Key(string attempt)
    {
        ArgumentException.ThrowIfNullOrEmpty(attempt);
        if (attempt.Length > MaxAttemptLength || !attempt.All(char.IsAsciiLetterOrDigit))
        {
            throw new ArgumentException(
                $"'{attempt}' is no attempt: 1 to 40 ASCII letters and digits.", nameof(attempt));
        }

        var ending = Index.Compression is CompressionFormat.Zstd ? "zst" : "br";
        return new ObjectKey(string.Create(
            CultureInfo.InvariantCulture,
            $"events/{_firstRecordedAt.UtcDateTime:yyyy'/'MM'/'dd'/'HH}/{Index.First.Value:D20}-{Index.Last.Value:D20}"
            + $"-{attempt}.batch.{ending}"));
    }

    private static bool TryReadTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParse(
        text,
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
        out time);
}
