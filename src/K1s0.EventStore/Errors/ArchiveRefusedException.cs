namespace K1s0.EventStore;

/// <summary>The books of an archive refuse a step. Nothing was written, and nothing left the database.</summary>
public sealed class ArchiveRefusedException : EventStoreException
{
    /// <summary>A refused step.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="detail">Who or what is in the way, as a sentence.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public ArchiveRefusedException(ArchiveRefusal reason, string detail, Exception? innerException = null)
        : base($"The archive refuses ({reason}): {detail}", innerException) => (Reason, Detail) = (reason, detail);

    /// <summary>Why.</summary>
    public ArchiveRefusal Reason { get; }

    /// <summary>Who or what is in the way.</summary>
    public string Detail { get; }

    /// <inheritdoc/>
    public override bool IsTransient => Reason is ArchiveRefusal.Busy;
}
