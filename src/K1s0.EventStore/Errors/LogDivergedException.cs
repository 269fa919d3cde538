using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// The store does not continue the log that was signed or published: leaves were lost (a restore, a failover) or
/// changed. Nothing was sealed, signed or published.
/// </summary>
/// <remarks>
/// Ways out: bring the lost events back, for example by recovering the database to a later point in time; or let the
/// old log end where it is, begin a new epoch of the store, and go on with a new origin that is published elsewhere.
/// </remarks>
public sealed class LogDivergedException : EventStoreException
{
    /// <summary>A log that is not continued.</summary>
    /// <param name="known">The head that was signed or published.</param>
    /// <param name="storedSize">The number of leaves that the store has.</param>
    /// <param name="detail">What differs, as a sentence.</param>
    /// <param name="innerException">What could not be read of the log, if that is how it differs.</param>
    public LogDivergedException(TreeHead known, long storedSize, string detail, Exception? innerException = null)
        : base(Describe(known, storedSize, detail), innerException) =>
        (Known, StoredSize) = (known, storedSize);

    /// <summary>The head that was signed or published.</summary>
    public TreeHead Known { get; }

    /// <summary>The number of leaves that the store has.</summary>
    public long StoredSize { get; }

    /// <summary>How many leaves that were signed are not there any more; 0 when they are there but differ.</summary>
    public long LostLeaves => Math.Max(0, Known.Size - StoredSize);

    private static string Describe(TreeHead known, long storedSize, string detail)
    {
        ArgumentNullException.ThrowIfNull(known);
        var sizes = string.Create(
            CultureInfo.InvariantCulture, $"signed with {known.Size} leaves; the store has {storedSize}.");
        return $"The store does not continue the log {known.Origin} as it was {sizes} {detail} Nothing is sealed, "
            + "signed or published. Either bring back what was lost (recover the database to a later point in time), "
            + "or begin a new epoch of the store and go on with a new origin, published elsewhere.";
    }
}
