namespace K1s0.EventStore.Archive;

/// <summary>Which bytes of an object. The default value is its first byte.</summary>
public readonly record struct ObjectRange
{
    private readonly int _lengthLessOne;

    private ObjectRange(long? offset, int length) =>
        (FromEnd, Offset, _lengthLessOne) = (offset is null, offset ?? 0, length - 1);

    /// <summary>Whether the range is the end of the object, however long that is.</summary>
    public bool FromEnd { get; }

    /// <summary>The first byte, from 0; 0 when <see cref="FromEnd"/>.</summary>
    public long Offset { get; }

    /// <summary>How many bytes: 1 or more.</summary>
    public int Length => _lengthLessOne + 1;

    /// <summary>Some bytes from an offset on.</summary>
    /// <param name="offset">The first byte, from 0.</param>
    /// <param name="length">How many: 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is out of range.</exception>
    public static ObjectRange At(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        return new ObjectRange(offset, length);
    }

    /// <summary>The last bytes; all, when the object is shorter.</summary>
    /// <param name="length">How many: 1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public static ObjectRange Last(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        return new ObjectRange(offset: null, length);
    }

    /// <summary>Where the range lies in an object.</summary>
    /// <param name="objectLength">The length of the object in bytes, 0 or more.</param>
    /// <returns>The first byte and how many there are: 0 when the range lies behind the object.</returns>
    public (long Offset, int Length) Within(long objectLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(objectLength);
        var offset = FromEnd ? Math.Max(0, objectLength - Length) : Math.Min(Offset, objectLength);
        return (offset, (int)Math.Min(Length, objectLength - offset));
    }
}
