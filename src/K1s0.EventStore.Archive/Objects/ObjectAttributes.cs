using System.Collections.ObjectModel;

namespace K1s0.EventStore.Archive;

/// <summary>What is stored with an object besides its content. Immutable.</summary>
public sealed class ObjectAttributes
{
    /// <summary>
    /// The most bytes that names and values have together: 1,536 (S3 allows 2,048, and some are ours).
    /// </summary>
    public const int MaxMetadataBytes = 1_536;

    /// <summary>The name that the digest of the content is stored under, which is not for others.</summary>
    public const string DigestName = "sha256";

    /// <summary>No metadata, standard class.</summary>
    public static ObjectAttributes None { get; } = new();

    /// <summary>Attributes.</summary>
    /// <param name="metadata">
    /// Names of lower-case ASCII letters, digits and '_', values of printable ASCII without spaces at the ends.
    /// </param>
    /// <param name="storageClass">Where the object is to lie.</param>
    /// <exception cref="ArgumentException">A name or a value is none, or all of them are too long.</exception>
    public ObjectAttributes(
        IReadOnlyDictionary<string, string>? metadata = null, StorageClass storageClass = StorageClass.Standard)
    {
        var copy = new Dictionary<string, string>(
            metadata ?? ReadOnlyDictionary<string, string>.Empty, StringComparer.Ordinal);
        foreach (var (name, value) in copy)
        {
            if (!IsName(name) || !IsValue(value))
            {
                throw new ArgumentException(
                    $"'{name}' = '{value}' is no metadata: the name has lower-case ASCII letters, digits and '_', "
                    + $"and is not '{DigestName}'; the value is printable ASCII without spaces at its ends.",
                    nameof(metadata));
            }
        }

        if (!IsWithinLimit(copy))
        {
            throw new ArgumentException($"The metadata is over {MaxMetadataBytes} bytes.", nameof(metadata));
        }

        (Metadata, StorageClass) = (copy.AsReadOnly(), storageClass);
    }

    /// <summary>Attributes, for what somebody else may have written.</summary>
    /// <param name="metadata">Names and values.</param>
    /// <param name="storageClass">Where the object lies.</param>
    /// <returns>null when the constructor would refuse them.</returns>
    public static ObjectAttributes? TryCreate(
        IReadOnlyDictionary<string, string> metadata, StorageClass storageClass)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return metadata.All(entry => IsName(entry.Key) && IsValue(entry.Value)) && IsWithinLimit(metadata)
            ? new ObjectAttributes(metadata, storageClass)
            : null;
    }

    /// <summary>Names and values.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Where the object is to lie.</summary>
    public StorageClass StorageClass { get; }

    private static bool IsWithinLimit(IReadOnlyDictionary<string, string> metadata) =>
        metadata.Sum(entry => entry.Key.Length + entry.Value.Length) <= MaxMetadataBytes;

    private static bool IsName(string name) =>
        name.Length > 0
        && name.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '_')
        && !string.Equals(name, DigestName, StringComparison.Ordinal);

    private static bool IsValue(string? value) =>
        value is { Length: > 0 }
        && value.All(letter => letter is >= ' ' and <= '~')
        && value[0] != ' '
        && value[^1] != ' ';
}
