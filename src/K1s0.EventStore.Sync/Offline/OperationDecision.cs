namespace K1s0.EventStore.Sync;

/// <summary>
/// What the application decides about an operation: the events that it becomes, or that it is refused.
/// </summary>
public sealed class OperationDecision
{
    private OperationDecision(IReadOnlyList<StreamAppend> appends, string? reason) =>
        (Appends, Reason) = (appends, reason);

    internal IReadOnlyList<StreamAppend> Appends { get; }

    internal string? Reason { get; }

    /// <summary>The operation becomes these events, all of them or none.</summary>
    /// <param name="appends">To which streams, and what they are expected to be like; may be none.</param>
    public static OperationDecision Apply(params IReadOnlyList<StreamAppend> appends)
    {
        ArgumentNullException.ThrowIfNull(appends);
        return new OperationDecision(appends, reason: null);
    }

    /// <summary>The operation is refused for good.</summary>
    /// <param name="reason">Why, as a sentence.</param>
    public static OperationDecision Reject(string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return new OperationDecision([], reason);
    }
}
