namespace K1s0.EventStore;

/// <summary>
/// Nobody knows whether the events are stored: the answer to the commit was lost, or the commit was not confirmed at
/// the configured level. Append <see cref="Appends"/> again: it is idempotent by event id, and the answer settles the
/// question.
/// </summary>
public sealed class AppendOutcomeUnknownException : EventStoreException
{
    /// <summary>An append whose outcome is unknown.</summary>
    /// <param name="appends">What was to be written: the same envelopes settle the question.</param>
    /// <param name="reason">What got in the way, in words.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public AppendOutcomeUnknownException(
        IReadOnlyList<StreamAppend> appends, string reason, Exception? innerException = null)
        : base(
            $"The outcome of the append is unknown ({reason}). Append the same envelopes again to settle it.",
            innerException) =>
        Appends = appends;

    /// <summary>What was to be written.</summary>
    public IReadOnlyList<StreamAppend> Appends { get; }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
