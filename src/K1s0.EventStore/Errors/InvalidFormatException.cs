namespace K1s0.EventStore;

/// <summary>Bytes or text are not of the published format that they are said to be. Nothing of them was used.</summary>
public sealed class InvalidFormatException : EventStoreException
{
    /// <summary>Something that cannot be read.</summary>
    /// <param name="format">The format that was expected, in words.</param>
    /// <param name="detail">What is wrong, as a sentence.</param>
    /// <param name="innerException">The parser's exception, if there was one.</param>
    public InvalidFormatException(string format, string detail, Exception? innerException = null)
        : base($"This is no {format}: {detail}", innerException) => (Format, Detail) = (format, detail);

    /// <summary>The format that was expected, in words.</summary>
    public string Format { get; }

    /// <summary>What is wrong.</summary>
    public string Detail { get; }
}
