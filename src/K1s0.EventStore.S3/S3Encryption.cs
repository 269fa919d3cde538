namespace K1s0.EventStore.S3;

/// <summary>How the server encrypts what it stores.</summary>
public enum S3Encryption
{
    /// <summary>As the bucket is set up.</summary>
    BucketDefault = 0,

    /// <summary>With keys of the server (SSE-S3, AES-256).</summary>
    Server = 1,

    /// <summary>With a key of a key service (SSE-KMS), one data key for many objects.</summary>
    KeyService = 2,
}
