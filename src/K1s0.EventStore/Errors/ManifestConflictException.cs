using System.Globalization;

namespace K1s0.EventStore;

/// <summary>
/// The manifests of an archive and the database that keeps its books do not belong together: another store writes to
/// the same bucket, or one of the two was brought back to an earlier time. Nothing was listed.
/// </summary>
/// <remarks>
/// Ways out: give each store a bucket or a prefix of its own; or, when the store was rebuilt from the bucket or its
/// database was brought back to an earlier time, let its books take the bucket's batches over
/// (<c>Archiver.AdoptAsync</c>).
/// </remarks>
public sealed class ManifestConflictException : EventStoreException
{
    /// <summary>A manifest that does not fit.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="detail">What does not fit, as a sentence.</param>
    public ManifestConflictException(long number, string detail)
        : base(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Manifest {number} of the archive does not fit: {detail} Nothing was listed. Give each store a bucket "
                + $"or a prefix of its own; if the store was rebuilt from the bucket or its database was restored, "
                + $"adopt its batches (Archiver.AdoptAsync)."),
            innerException: null) =>
        (Number, Detail) = (number, detail);

    /// <summary>The number of the manifest.</summary>
    public long Number { get; }

    /// <summary>What does not fit.</summary>
    public string Detail { get; }
}
