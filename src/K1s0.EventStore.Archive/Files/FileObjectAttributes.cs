using System.Text.Json;
using System.Text.Json.Serialization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Reads and writes what is stored besides the content of objects.</summary>
internal sealed partial class FileObjectAttributes(string folder, DurableFiles files)
{
    public DurableFiles Files { get; } = files;

    /// <summary>What is stored with an object; null when there is nothing, or nothing that can be read.</summary>
    public async Task<(Sha256Digest Digest, ObjectAttributes Attributes)?> ReadAsync(
        ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            var json = await File.ReadAllBytesAsync(PathOf(key), cancellationToken).ConfigureAwait(false);
            var found = JsonSerializer.Deserialize(json, DocumentJson.Default.Document);
            return found is null
                ? null
                : (Sha256Digest.Parse(found.Sha256), new ObjectAttributes(found.Metadata, found.StorageClass));
        }
        catch (Exception e) when (
            DurableFiles.IsMissing(e) || e is JsonException or FormatException or ArgumentException)
        {
            // Then the object has no digest, and is served to nobody.
            return null;
        }
    }

    /// <summary>Durable on return.</summary>
    public async Task WriteAsync(
        ObjectKey key, Sha256Digest digest, ObjectAttributes attributes, CancellationToken cancellationToken)
    {
        var document = new Document(
            digest.ToString(), attributes.StorageClass, new(attributes.Metadata, StringComparer.Ordinal));
        var json = JsonSerializer.SerializeToUtf8Bytes(document, DocumentJson.Default.Document);
        var part = await Files.WriteAsideAsync(json, cancellationToken).ConfigureAwait(false);
        var path = PathOf(key);
        DurableFiles.CreateFolder(Path.GetDirectoryName(path)!);
        File.Move(part, path, overwrite: true);
        DurableFiles.FlushNames(Path.GetDirectoryName(path)!);
    }

    public void Delete(ObjectKey key) => File.Delete(PathOf(key));

    private string PathOf(ObjectKey key) => Path.Combine(folder, $"{key.Value}.json");

    internal sealed record Document(string Sha256, StorageClass StorageClass, Dictionary<string, string> Metadata);

    [JsonSourceGenerationOptions(
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
    [JsonSerializable(typeof(Document))]
    private sealed partial class DocumentJson : JsonSerializerContext;
}
