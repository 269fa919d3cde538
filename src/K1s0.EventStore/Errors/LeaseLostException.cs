namespace K1s0.EventStore;

/// <summary>
/// A lease has run out, was released, or has another holder. Nothing was written; the former holder must stop.
/// </summary>
public sealed class LeaseLostException : EventStoreException
{
    /// <summary>A lost lease.</summary>
    /// <param name="leaseName">The name of the lease.</param>
    /// <param name="epoch">The epoch that does not count any more.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public LeaseLostException(string leaseName, long epoch, Exception? innerException = null)
        : base(
            $"The lease {leaseName} with epoch {epoch} is lost: it has run out, was released, or has another holder. "
            + "Stop what it was held for; to go on, acquire it anew.",
            innerException) =>
        (LeaseName, Epoch) = (leaseName, epoch);

    /// <summary>The name of the lease.</summary>
    public string LeaseName { get; }

    /// <summary>The epoch that does not count any more.</summary>
    public long Epoch { get; }
}
