using System.Text.Json;
using System.Text.Json.Serialization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Reads and writes what is stored besides the content of objects.</summary>
internal sealed partial class FileObjectAttributes(string folder, DurableFiles files)
{
    public DurableFiles Files { get; } = files;

    /// <summary>What is stored with an object; null when there is nothing, or nothing that can be read.</summary>
    public async Task<Stored?> ReadAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            var json = await File.ReadAllBytesAsync(PathOf(key), cancellationToken).ConfigureAwait(false);
            var found = JsonSerializer.Deserialize(json, DocumentJson.Default.Document);
            return found is null
                ? null
                : new Stored(
                    Sha256Digest.Parse(found.Sha256),
                    found.FormerSha256 is { } former ? Sha256Digest.Parse(former) : default,
                    new ObjectAttributes(found.Metadata, found.StorageClass));
        }
        catch (Exception e) when (
            DurableFiles.IsMissing(e) || e is JsonException or FormatException or ArgumentException)
        {
            // Then the object has no digest, and is served to nobody.
            return null;
        }
    }

    /// <summary>Durable on return.</summary>
    public async Task WriteAsync(ObjectKey key, Stored stored, CancellationToken cancellationToken)
    {
        var document = new Document(
            stored.Digest.ToString(),
            stored.Attributes.StorageClass,
            new(stored.Attributes.Metadata, StringComparer.Ordinal),
            stored.Former.IsNone ? null : stored.Former.ToString());
        var json = JsonSerializer.SerializeToUtf8Bytes(document, DocumentJson.Default.Document);
        var part = await Files.WriteAsideAsync(json, cancellationToken).ConfigureAwait(false);
        var path = PathOf(key);
        Files.Name(part, path, overwrite: true);
        Files.FlushName(path);
    }

    public void Delete(ObjectKey key)
    {
        var path = PathOf(key);
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    private string PathOf(ObjectKey key) => Path.Combine(folder, $"{key.Value}.json");

    /// <summary>What is stored with an object.</summary>
    /// <param name="Digest">The digest of the content.</param>
    /// <param name="Former">The digest of the content that is being replaced, and may still be there; or none.</param>
    /// <param name="Attributes">Metadata and storage class.</param>
    internal sealed record Stored(Sha256Digest Digest, Sha256Digest Former, ObjectAttributes Attributes);

    internal sealed record Document(
        string Sha256, StorageClass StorageClass, Dictionary<string, string> Metadata, string? FormerSha256 = null);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UseStringEnumConverter = true,
        WriteIndented = true)]
    [JsonSerializable(typeof(Document))]
    private sealed partial class DocumentJson : JsonSerializerContext;
}
