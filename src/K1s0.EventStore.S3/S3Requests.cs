using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Amazon.S3;
using Amazon.S3.Model;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using ObjectAttributes = K1s0.EventStore.Archive.ObjectAttributes;
using RestoreRequest = K1s0.EventStore.Archive.RestoreRequest;

namespace K1s0.EventStore.S3;

/// <summary>Makes the requests of a bucket, and reads the headers of answers.</summary>
internal sealed partial class S3Requests(S3Options options)
{
    private const string MetadataPrefix = "x-amz-meta-";

    // Of several classes with one name the first.
    private readonly Dictionary<string, StorageClass> _classes = options.StorageClasses
        .GroupBy(entry => entry.Value, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(
            group => group.Key, group => group.Min(entry => entry.Key), StringComparer.OrdinalIgnoreCase);

    private string? EncryptionContext => options.EncryptionContext.Count == 0
        ? null
        : Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(
            new SortedDictionary<string, string>(options.EncryptionContext, StringComparer.Ordinal),
            ContextJson.Default.SortedDictionaryStringString));

    public PutObjectRequest Put(
        ObjectKey key, ReadOnlyMemory<byte> content, Sha256Digest digest, ObjectAttributes attributes)
    {
        var request = new PutObjectRequest
        {
            BucketName = options.Bucket,
            Key = NameOf(key),
            InputStream = StreamOf(content),
            IfNoneMatch = "*",
            UseChunkEncoding = options.UseChunkEncoding,
            ContentType = "application/octet-stream",
            StorageClass = NameOf(attributes.StorageClass),
        };
        request.Metadata[ObjectAttributes.DigestName] = digest.ToString();
        foreach (var (name, value) in attributes.Metadata)
        {
            request.Metadata[name] = value;
        }

        if (options.Encryption is not S3Encryption.BucketDefault)
        {
            request.ServerSideEncryptionMethod = EncryptionMethod();
        }

        if (options.Encryption is S3Encryption.KeyService)
        {
            request.ServerSideEncryptionKeyManagementServiceKeyId = options.EncryptionKeyId;
            request.ServerSideEncryptionKeyManagementServiceEncryptionContext = EncryptionContext;
            request.BucketKeyEnabled = true;
        }

        return request;
    }

    public CopyObjectRequest Move(ObjectKey key, ObjectInfo info, string version, StorageClass storageClass)
    {
        // Metadata is given anew: not every server lets an object be copied onto itself otherwise.
        var request = new CopyObjectRequest
        {
            SourceBucket = options.Bucket,
            SourceKey = NameOf(key),
            DestinationBucket = options.Bucket,
            DestinationKey = NameOf(key),

            // What is copied is the object that the metadata was read of; and where the server knows conditions on the
            // target, so is what is overwritten.
            ETagToMatch = version,
            IfMatch = version,
            StorageClass = NameOf(storageClass),
            MetadataDirective = S3MetadataDirective.REPLACE,
            ContentType = "application/octet-stream",
        };
        if (!info.Digest.IsNone)
        {
            request.Metadata[ObjectAttributes.DigestName] = info.Digest.ToString();
        }

        foreach (var (name, value) in info.Attributes.Metadata)
        {
            request.Metadata[name] = value;
        }

        if (options.Encryption is not S3Encryption.BucketDefault)
        {
            request.ServerSideEncryptionMethod = EncryptionMethod();
        }

        if (options.Encryption is S3Encryption.KeyService)
        {
            request.ServerSideEncryptionKeyManagementServiceKeyId = options.EncryptionKeyId;
            request.ServerSideEncryptionKeyManagementServiceEncryptionContext = EncryptionContext;
            request.BucketKeyEnabled = true;
        }

        return request;
    }

    public GetObjectRequest Get(ObjectKey key, ObjectRange? range = null) => new()
    {
        BucketName = options.Bucket,
        Key = NameOf(key),
        ByteRange = range switch
        {
            null => null,
            { FromEnd: true } end => new ByteRange(string.Create(CultureInfo.InvariantCulture, $"bytes=-{end.Length}")),
            { } at => new ByteRange(at.Offset, at.Offset + at.Length - 1),
        },
    };

    public GetObjectMetadataRequest Head(ObjectKey key) => new() { BucketName = options.Bucket, Key = NameOf(key) };

    public DeleteObjectRequest Delete(ObjectKey key) => new() { BucketName = options.Bucket, Key = NameOf(key) };

    public RestoreObjectRequest Restore(ObjectKey key, RestoreRequest request) => new()
    {
        BucketName = options.Bucket,
        Key = NameOf(key),
        Days = request.Days,
        RetrievalTier = request.Priority switch
        {
            RestorePriority.Expedited => GlacierJobTier.Expedited,
            RestorePriority.Bulk => GlacierJobTier.Bulk,
            _ => GlacierJobTier.Standard,
        },
    };

    public ListObjectsV2Request List(string prefix, ObjectKey? after, string? next) => new()
    {
        BucketName = options.Bucket,
        Prefix = options.Prefix + prefix,
        StartAfter = after is null ? null : NameOf(after),
        ContinuationToken = next,
        MaxKeys = options.ListPageSize,
    };

    /// <summary>The key that a name in the bucket is, if it is one of ours.</summary>
    public bool TryParse(string name, [NotNullWhen(true)] out ObjectKey? key) =>
        ObjectKey.TryParse(
            name.StartsWith(options.Prefix, StringComparison.Ordinal) ? name[options.Prefix.Length..] : string.Empty,
            out key);

    public ObjectInfo Info(ObjectKey key, GetObjectResponse response) => Info(
        key, response.ContentLength, response.Metadata, response.StorageClass, response.LastModified,
        response.RestoreInProgress, response.RestoreExpiration);

    public ObjectInfo Info(ObjectKey key, GetObjectMetadataResponse response) => Info(
        key, response.ContentLength, response.Metadata, response.StorageClass, response.LastModified,
        response.RestoreInProgress, response.RestoreExpiration);

    // Memory of an array is not copied.
    private static MemoryStream StreamOf(ReadOnlyMemory<byte> content) =>
        MemoryMarshal.TryGetArray(content, out var array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);

    private static DateTimeOffset? Utc(DateTime? time) =>
        time is { } given ? new DateTimeOffset(given.ToUniversalTime(), TimeSpan.Zero) : null;

    private ObjectInfo Info(
        ObjectKey key,
        long length,
        MetadataCollection metadata,
        S3StorageClass? storageClass,
        DateTime? lastModified,
        bool? restoring,
        DateTime? restoredUntil)
    {
        var found = _classes.GetValueOrDefault(storageClass?.Value ?? string.Empty, StorageClass.Standard);
        return new ObjectInfo(
            key,
            length,
            DigestOf(metadata[ObjectAttributes.DigestName]),
            AttributesOf(metadata, found),
            Utc(lastModified) ?? default,
            found switch
            {
                not (StorageClass.FlexibleArchive or StorageClass.DeepArchive) => default,
                _ when restoring is true => new Restoration(RestorationState.UnderWay),
                _ when Utc(restoredUntil) is { } until => new Restoration(RestorationState.Restored, until),
                _ => new Restoration(RestorationState.Required),
            });
    }

    private static Sha256Digest DigestOf(string? text) =>
        text is { Length: 2 * Sha256Digest.Length } && text.All(char.IsAsciiHexDigit)
            ? Sha256Digest.Parse(text)
            : default;

    // What somebody else put may have anything; it has no digest either, and is served to nobody.
    private static ObjectAttributes AttributesOf(MetadataCollection metadata, StorageClass storageClass)
    {
        // Ceph gives a name back with '-' in place of each '_'; no name of ours has a '-'.
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in metadata.Keys)
        {
            values[name[MetadataPrefix.Length..].Replace('-', '_')] = metadata[name];
        }

        values.Remove(ObjectAttributes.DigestName);
        return ObjectAttributes.TryCreate(values, storageClass) ?? new ObjectAttributes(storageClass: storageClass);
    }

    /// <summary>Whether two classes are one where the bucket is.</summary>
    public bool IsSameClass(StorageClass one, StorageClass other) =>
        string.Equals(NameOf(one).Value, NameOf(other).Value, StringComparison.OrdinalIgnoreCase);

    private string NameOf(ObjectKey key) => options.Prefix + key.Value;

    private S3StorageClass NameOf(StorageClass storageClass) =>
        options.StorageClasses.TryGetValue(storageClass, out var name)
            ? new S3StorageClass(name)
            : throw new ArgumentException(
                $"{nameof(S3Options.StorageClasses)} has no name for {storageClass}.", nameof(storageClass));

    private ServerSideEncryptionMethod EncryptionMethod() =>
        options.Encryption is S3Encryption.Server
            ? ServerSideEncryptionMethod.AES256
            : ServerSideEncryptionMethod.AWSKMS;

    [JsonSerializable(typeof(SortedDictionary<string, string>))]
    private sealed partial class ContextJson : JsonSerializerContext;
}
