namespace K1s0.EventStore.Compression;

/// <summary>
/// How bytes were compressed. The numbers are written into the formats that hold such bytes, so they never change.
/// </summary>
public enum CompressionFormat
{
    /// <summary>Not compressed: the bytes as they are.</summary>
    None = 0,

    /// <summary>One frame of Zstandard (RFC 8878) with its content checksum.</summary>
    Zstd = 1,

    /// <summary>
    /// Brotli (RFC 7932) behind the length of the content (4 bytes) and its CRC-32C (4 bytes), both big-endian.
    /// </summary>
    Brotli = 2,
}
