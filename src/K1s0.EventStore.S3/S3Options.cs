using System.ComponentModel.DataAnnotations;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.S3;

/// <summary>Where an archive lies in S3, and how it is put there. Validated when the application starts.</summary>
public sealed class S3Options
{
    /// <summary>The bucket, which must exist.</summary>
    /// <value>Empty: it must be set.</value>
    [Required]
    [StringLength(63, MinimumLength = 3)]
    public string Bucket { get; set; } = string.Empty;

    /// <summary>
    /// What every key begins with, so that several archives share a bucket: a key and a slash, or empty.
    /// </summary>
    /// <value>Empty by default.</value>
    public string Prefix { get; set; } = string.Empty;

    /// <summary>
    /// The server, when it is not AWS. Used only by a client that is made here; an application that registers its own
    /// <c>IAmazonS3</c> says it there.
    /// </summary>
    /// <value>null by default: AWS, in <see cref="Region"/>.</value>
    public Uri? ServiceUrl { get; set; }

    /// <summary>The region that requests are signed for.</summary>
    /// <value><c>us-east-1</c> by default, which most other servers take.</value>
    [Required]
    public string Region { get; set; } = "us-east-1";

    /// <summary>Whether the bucket stands in the path of addresses and not in the name of the host.</summary>
    /// <value>false by default; most servers besides AWS need true.</value>
    public bool ForcePathStyle { get; set; }

    /// <summary>
    /// Whether contents are sent in signed chunks with a trailing checksum, as the SDK does by default. Many servers
    /// refuse that, and some store the chunk headers as content.
    /// </summary>
    /// <value>false by default: in one piece.</value>
    public bool UseChunkEncoding { get; set; }

    /// <summary>How the server encrypts what it stores.</summary>
    /// <value><see cref="S3Encryption.BucketDefault"/> by default.</value>
    public S3Encryption Encryption { get; set; }

    /// <summary>
    /// The key of the key service, for <see cref="S3Encryption.KeyService"/>; null for its default key.
    /// </summary>
    /// <value>null by default.</value>
    public string? EncryptionKeyId { get; set; }

    /// <summary>
    /// What every use of the key is bound to and logged with, for <see cref="S3Encryption.KeyService"/>.
    /// </summary>
    public IDictionary<string, string> EncryptionContext { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// What the classes are called where the bucket is. Several may have one name, as on servers that have one class:
    /// objects there are told as of the first of them, and a move from one to another has nothing to do.
    /// </summary>
    /// <value>
    /// The names of AWS: <c>STANDARD</c>, <c>STANDARD_IA</c>, <c>GLACIER_IR</c>, <c>GLACIER</c>, <c>DEEP_ARCHIVE</c>.
    /// </value>
    public IDictionary<StorageClass, string> StorageClasses { get; } = new Dictionary<StorageClass, string>
    {
        [StorageClass.Standard] = "STANDARD",
        [StorageClass.InfrequentAccess] = "STANDARD_IA",
        [StorageClass.InstantArchive] = "GLACIER_IR",
        [StorageClass.FlexibleArchive] = "GLACIER",
        [StorageClass.DeepArchive] = "DEEP_ARCHIVE",
    };

    /// <summary>
    /// Whether the first put sees first whether the server keeps <c>If-None-Match</c> and <c>If-Match</c>, and fails
    /// with <see cref="StoreOperationException"/> when it does not. Costs three small puts and a delete for each
    /// process.
    /// </summary>
    /// <value>true by default.</value>
    public bool CheckServer { get; set; } = true;

    /// <summary>
    /// Whether the server keeps the conditions of copies (<c>x-amz-copy-source-if-match</c>), by which a move to
    /// another class is bound to the object that was seen. When it does not, as Ceph, moves go through this process: a
    /// get, and a put on the same condition.
    /// </summary>
    /// <value>true by default, as on AWS.</value>
    public bool ConditionalCopies { get; set; } = true;

    /// <summary>How many keys one request lists.</summary>
    /// <value>1,000 by default, which is what S3 allows; 1 to 1,000.</value>
    [Range(1, 1_000)]
    public int ListPageSize { get; set; } = 1_000;

    /// <summary>How often a put, a replacement or a move that met another one of the same key is tried again.</summary>
    /// <value>5 by default; 0 to 20.</value>
    [Range(0, 20)]
    public int MaxConflictRetries { get; set; } = 5;
}
