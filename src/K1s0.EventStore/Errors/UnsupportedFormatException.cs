using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// Bytes or text are of a version that this program does not know: written by a newer one, not damaged.
/// </summary>
public sealed class UnsupportedFormatException : EventStoreException
{
    /// <summary>Something of another version.</summary>
    /// <param name="format">The format, in words.</param>
    /// <param name="found">The version that was found.</param>
    /// <param name="supported">The newest version that this program knows.</param>
    public UnsupportedFormatException(string format, int found, int supported)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The {format} is of version {found}; this program knows versions up to {supported}."),
            innerException: null) =>
        (Format, FoundVersion, SupportedVersion) = (format, found, supported);

    /// <summary>The format, in words.</summary>
    public string Format { get; }

    /// <summary>The version that was found.</summary>
    public int FoundVersion { get; }

    /// <summary>The newest version that this program knows.</summary>
    public int SupportedVersion { get; }
}
