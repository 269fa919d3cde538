using System.Buffers;
using System.Text.Json;

namespace K1s0.EventStore.Archive;

/// <summary>
/// The bytes of manifests: lines of JSON, the head, then what went, then what came. Members stand in this order and no
/// other; the one in brackets is absent in the first manifest. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// {"manifest":1,"number":7,"base":1,"store":"0192...","epoch":1,"leader":3,"createdAt":"2026-07-01T13:00:00.123456Z",
///  ["previous":"64 hexadecimal digits",]"removed":1,"added":2,"batches":9,"events":900,"contentBytes":5,
///  "storedBytes":1}
/// {"removed":"events/2026/07/01/13/..."}
/// {"key":"events/...","after":9,"first":11,"last":20,"events":10,"earliest":"...","latest":"...","contentBytes":5,
///  "storedBytes":1,"digest":"64 hexadecimal digits","eventsDigest":"64 hexadecimal digits"}
/// </code>
/// The layout is published: it is never edited, a new one gets a new version.
/// </remarks>
internal static class ManifestFormat
{
    public const string FormatName = "archive manifest";

    private const int Version = 1;
    private const int MaxLine = 4 * 1024;

    // Keys and digests need no escapes, nor does anything else here.
    private static readonly JsonWriterOptions Writing = new() { SkipValidation = true };

    public static byte[] Write(
        ManifestHead head, IReadOnlyList<ObjectKey> removed, IReadOnlyList<ManifestBatch> added)
    {
        var output = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(output, Writing);
        WriteHead(writer, head);
        EndLine(writer, output);
        foreach (var key in removed)
        {
            writer.WriteStartObject();
            writer.WriteString("removed"u8, key.Value);
            writer.WriteEndObject();
            EndLine(writer, output);
        }

        foreach (var batch in added)
        {
            WriteBatch(writer, batch);
            EndLine(writer, output);
        }

        return output.WrittenSpan.ToArray();
    }

    public static (ManifestHead Head, IReadOnlyList<ObjectKey> Removed, IReadOnlyList<ManifestBatch> Added) Read(
        ReadOnlyMemory<byte> content)
    {
        Expect(content.Length <= ArchiveManifest.MaxBytes, "it is longer than a manifest can be.");
        var all = content;
        try
        {
            var head = ReadHead(Line(ref content));
            Expect(
                head.Added <= ArchiveManifest.MaxBatches && head.Removed <= ArchiveManifest.MaxBatches,
                "it lists more than a manifest can.");
            var removed = new List<ObjectKey>();
            for (var number = 0; number < head.Removed; number++)
            {
                var line = new ManifestLine(Line(ref content));
                removed.Add(new ObjectKey(line.Text("removed"u8)));
                line.End();
            }

            var added = new List<ManifestBatch>();
            for (var number = 0; number < head.Added; number++)
            {
                added.Add(ReadBatch(Line(ref content)));
                Expect(number == 0 || added[^1].After >= added[^2].Last, "its batches are not in order.");
            }

            Expect(content.IsEmpty, "something stands behind its last line.");

            // One statement has one form: no white space, no other way to write a number or a name.
            Expect(all.Span.SequenceEqual(Write(head, removed, added)), "it is written in another form.");
            return (head, removed, added);
        }
        catch (Exception e) when (
            e is JsonException or FormatException or InvalidOperationException or ArgumentException
                or OverflowException)
        {
            throw new InvalidFormatException(FormatName, $"a member is not what it should be ({e.Message})", e);
        }
    }

    private static void WriteHead(Utf8JsonWriter writer, ManifestHead head)
    {
        writer.WriteStartObject();
        writer.WriteNumber("manifest"u8, Version);
        writer.WriteNumber("number"u8, head.Number);
        writer.WriteNumber("base"u8, head.Base);
        writer.WriteString("store"u8, head.Store.StoreId);
        writer.WriteNumber("epoch"u8, head.Store.Epoch);
        writer.WriteNumber("leader"u8, head.LeaderEpoch);
        writer.WriteString("createdAt"u8, EventLine.Format(head.CreatedAt));
        if (head.Number > 1)
        {
            writer.WriteString("previous"u8, head.Previous.ToString());
        }

        writer.WriteNumber("removed"u8, head.Removed);
        writer.WriteNumber("added"u8, head.Added);
        writer.WriteNumber("batches"u8, head.Batches);
        writer.WriteNumber("events"u8, head.Events);
        writer.WriteNumber("contentBytes"u8, head.ContentBytes);
        writer.WriteNumber("storedBytes"u8, head.StoredBytes);
        writer.WriteEndObject();
    }

    private static ManifestHead ReadHead(ReadOnlySpan<byte> text)
    {
        var line = new ManifestLine(text);
        var version = line.Number("manifest"u8);
        if (version != Version)
        {
            throw new UnsupportedFormatException(FormatName, (int)Math.Clamp(version, 0, int.MaxValue), Version);
        }

        var number = line.Number("number"u8);
        var head = new ManifestHead(
            number,
            line.Number("base"u8),
            new StoreIdentity(line.Id("store"u8), line.Number("epoch"u8)),
            line.Number("leader"u8),
            line.Time("createdAt"u8),
            number > 1 ? line.Digest("previous"u8) : default,
            line.Count("removed"u8),
            line.Count("added"u8),
            line.Count("batches"u8),
            line.Number("events"u8),
            line.Number("contentBytes"u8),
            line.Number("storedBytes"u8));
        line.End();
        Expect(
            head.Number >= 1 && head.Base >= 1 && head.Base <= head.Number && head.Store.Epoch >= 0
            && head.LeaderEpoch >= 0 && head.Events >= 0 && head.ContentBytes >= 0 && head.StoredBytes >= 0
            && (head.Number == head.Base ? head.Removed == 0 && head.Added == head.Batches : true),
            "its numbers contradict each other.");
        return head;
    }

    private static void WriteBatch(Utf8JsonWriter writer, ManifestBatch batch)
    {
        writer.WriteStartObject();
        writer.WriteString("key"u8, batch.Key.Value);
        writer.WriteNumber("after"u8, batch.After.Value);
        writer.WriteNumber("first"u8, batch.First.Value);
        writer.WriteNumber("last"u8, batch.Last.Value);
        writer.WriteNumber("events"u8, batch.EventCount);
        writer.WriteString("earliest"u8, EventLine.Format(batch.Earliest));
        writer.WriteString("latest"u8, EventLine.Format(batch.Latest));
        writer.WriteNumber("contentBytes"u8, batch.ContentBytes);
        writer.WriteNumber("storedBytes"u8, batch.StoredBytes);
        writer.WriteString("digest"u8, batch.Digest.ToString());
        writer.WriteString("eventsDigest"u8, batch.EventsDigest.ToString());
        writer.WriteEndObject();
    }

    private static ManifestBatch ReadBatch(ReadOnlySpan<byte> text)
    {
        var line = new ManifestLine(text);
        var batch = new ManifestBatch(
            new ObjectKey(line.Text("key"u8)),
            new Position(line.Number("after"u8)),
            new Position(line.Number("first"u8)),
            new Position(line.Number("last"u8)),
            line.Number("events"u8),
            line.Time("earliest"u8),
            line.Time("latest"u8),
            line.Number("contentBytes"u8),
            line.Number("storedBytes"u8),
            line.Digest("digest"u8),
            line.Digest("eventsDigest"u8));
        line.End();
        return batch;
    }

    private static void EndLine(Utf8JsonWriter writer, ArrayBufferWriter<byte> output)
    {
        writer.Flush();
        writer.Reset();
        output.Write("\n"u8);
    }

    private static ReadOnlySpan<byte> Line(ref ReadOnlyMemory<byte> content)
    {
        var end = content.Span[..Math.Min(content.Length, MaxLine)].IndexOf((byte)'\n');
        Expect(end > 0, "a line is missing, empty or too long.");
        var line = content.Span[..end];
        content = content[(end + 1)..];
        return line;
    }

    private static void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidFormatException(FormatName, otherwise);
        }
    }
}
