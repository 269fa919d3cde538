namespace K1s0.EventStore.Archive;

/// <summary>Some bytes of an object, unchecked.</summary>
/// <param name="offset">The place of the first byte in the object, from 0.</param>
/// <param name="content">The bytes.</param>
/// <param name="objectLength">The length of the whole object in bytes.</param>
public sealed class ObjectSlice(long offset, ReadOnlyMemory<byte> content, long objectLength)
{
    /// <summary>The place of the first byte in the object, from 0.</summary>
    public long Offset { get; } = offset;

    /// <summary>The bytes: fewer than were asked for when the object ends before.</summary>
    public ReadOnlyMemory<byte> Content { get; } = content;

    /// <summary>The length of the whole object in bytes.</summary>
    public long ObjectLength { get; } = objectLength;
}
