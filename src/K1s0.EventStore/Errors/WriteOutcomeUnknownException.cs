namespace K1s0.EventStore;

/// <summary>
/// Nobody knows whether a claim, a checkpoint or a snapshot is stored: the answer to the commit was lost, or the commit
/// was not confirmed at the configured level. Repeat the call with the same arguments. To repeat a save is idempotent;
/// if it is refused as a conflict, somebody else has written since, which says nothing about the first try. To repeat a
/// claim is to claim again.
/// </summary>
public sealed class WriteOutcomeUnknownException : EventStoreException
{
    /// <summary>A write whose outcome is unknown.</summary>
    /// <param name="reason">What got in the way, in words.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public WriteOutcomeUnknownException(string reason, Exception? innerException = null)
        : base(
            $"The outcome of the write is unknown ({reason}). Repeat the same call to settle it.", innerException)
    {
    }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
